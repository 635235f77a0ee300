//! The goods of an instant exchange have not come in time: those that are still awaited expire, and what
//! the customer owes for the replacement is charged.

use postlude_kernel::Timestamp;
use postlude_store::{DueTimer, StoreError, Tx};

use crate::{
    app::App,
    domain::return_request::{Command, decide},
    error::Error,
    save, settlement,
    store::{returns, unreadable},
};

/// The timer's kind; its key is the exchange, its payload the return.
pub(crate) const KIND: &str = "exchange-deadline";

/// Sets the timer of an instant exchange.
pub(crate) async fn schedule(
    tx: &mut Tx,
    return_id: &str,
    exchange_id: &str,
    deadline: Timestamp,
) -> Result<(), StoreError> {
    tx.schedule(KIND, exchange_id, deadline, return_id.as_bytes())
        .await
}

pub(crate) async fn fire(app: App, timer: DueTimer) -> Result<(), Error> {
    let return_id =
        std::str::from_utf8(&timer.payload).map_err(|error| unreadable("timer", error))?;
    app.store
        .attempt(async || {
            let scope = app.store.read(&timer.tenant).await?;
            let current = returns::find(&scope, return_id).await?;
            drop(scope);
            let Some(current) = current else {
                let mut tx = app.store.begin(&timer.tenant).await?;
                tx.finish_timer(&timer).await?;
                return Ok(tx.commit().await?);
            };
            let overdue = Command::ExchangeOverdue {
                exchange_id: timer.key.clone(),
            };
            let expired = decide(&current, overdue, app.moment())?;
            let due: Vec<_> = expired
                .state
                .due(false)
                .into_iter()
                .filter(|due| due.exchange.is_some_and(|(id, _)| id == timer.key))
                .collect();
            let order_id = &expired.state.order_id;
            let planned = match settlement::planned(&app, &timer.tenant, order_id, &due).await {
                Ok(planned) if !planned.plans.is_empty() => Some(planned),
                // Nothing is owed yet, or a dispute is open: RefundReturn settles it when it can be.
                Ok(_) | Err(Error::RefundRefused(_)) => None,
                Err(error) => return Err(error),
            };

            let mut tx = app.store.begin(&timer.tenant).await?;
            save::changed(&mut tx, &expired).await?;
            if let Some(planned) = planned {
                let command = Command::Refund(planned.plans.clone());
                let charged = decide(&expired.state, command, app.moment())?;
                let asked = charged.asked_since(&expired.state);
                save::changed(&mut tx, &charged).await?;
                settlement::ask(&mut tx, &app, &charged, asked, planned).await?;
            }
            tx.finish_timer(&timer).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
}
