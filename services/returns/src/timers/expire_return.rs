//! The time to send the goods has passed: what is not on its way expires, and its units are free again.

use postlude_kernel::Timestamp;
use postlude_store::{DueTimer, StoreError, Tx};

use crate::{
    app::App,
    domain::return_request::{Command, decide},
    error::Error,
    save,
    store::returns,
};

/// The timer's kind; its key is the return.
pub(crate) const KIND: &str = "expire-return";

/// Sets the timer of a return that was accepted.
pub(crate) async fn schedule(
    tx: &mut Tx,
    return_id: &str,
    return_by: Timestamp,
) -> Result<(), StoreError> {
    tx.schedule(KIND, return_id, return_by, &[]).await
}

pub(crate) async fn fire(app: App, timer: DueTimer) -> Result<(), Error> {
    app.store
        .attempt(async || {
            let scope = app.store.read(&timer.tenant).await?;
            let current = returns::find(&scope, &timer.key).await?;
            drop(scope);
            let mut tx = app.store.begin(&timer.tenant).await?;
            if let Some(current) = current {
                let decided = decide(&current, Command::Expire, app.moment())?;
                save::changed(&mut tx, &decided).await?;
            }
            tx.finish_timer(&timer).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
}
