//! A customer is to be forgotten: what the law wants kept stays under the pseudonym, the rest goes.

use std::time::Duration;

use postlude_chassis::Received;
use postlude_proto::{
    orders::v1::{CustomerErasureRequested, ErasureParticipant},
    returns::v1::CustomerErasureCompleted,
};

use crate::{
    app::{App, SERVICE},
    convert::time_message,
    error::Error,
    store::{claims, orders, quotes, returns, runs},
};

const CONSUMER: &str = "customer-erasure-requested";
/// How long changes that began before the tombstone stood are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const KEPT_BECAUSE: &str = "Returns, claims and refunds are accounting records that the law wants kept; they name the pseudonym only.";

pub(crate) async fn handle(
    app: App,
    event: Received<CustomerErasureRequested>,
) -> Result<(), Error> {
    let customer = &event.message.customer_id;
    app.store
        .attempt(async || {
            let mut tx = app.store.begin(&event.tenant).await?;
            tx.bury(customer).await?;
            tx.commit().await
        })
        .await?;
    app.store.outwait_writers(PATIENCE).await?;
    app.store
        .attempt(async || attempt(&app, &event).await)
        .await
}

async fn attempt(app: &App, event: &Received<CustomerErasureRequested>) -> Result<(), Error> {
    let asked = &event.message;
    let (customer, pseudonym) = (asked.customer_id.as_str(), asked.pseudonym.as_str());
    let mut tx = app.store.begin(&event.tenant).await?;
    if !tx.first_sight(CONSUMER, &event.id).await? {
        return Ok(());
    }
    tx.bury(customer).await?;
    let runs = runs::erase(&mut tx, customer, pseudonym).await?;
    let quotes = quotes::erase(&mut tx, customer).await?;
    let orders = orders::pseudonymise(&mut tx, customer, pseudonym).await?;
    let returns = returns::pseudonymise(&mut tx, customer, pseudonym).await?;
    let claims = claims::pseudonymise(&mut tx, customer, pseudonym).await?;
    let kept = orders + returns + claims;
    let done = CustomerErasureCompleted {
        erasure_id: asked.erasure_id.clone(),
        participant: Some(ErasureParticipant {
            service: SERVICE.to_owned(),
            complete_time: Some(time_message(app.store.now())),
            erased_count: i64::try_from(runs + quotes).unwrap_or(i64::MAX),
            kept_count: i64::try_from(kept).unwrap_or(i64::MAX),
            kept_because: if kept == 0 {
                String::new()
            } else {
                KEPT_BECAUSE.to_owned()
            },
        }),
    };
    tx.emit(&asked.erasure_id, 1, &done).await?;
    tx.commit().await?;
    Ok(())
}
