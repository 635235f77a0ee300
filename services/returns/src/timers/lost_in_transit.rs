//! Nobody has heard of a parcel on its way back for too long: it counts as lost.

use postlude_store::{DueTimer, StoreError, Tx};

use crate::{
    app::App,
    domain::return_request::{Command, decide},
    error::Error,
    save,
    store::returns,
};

/// The timer's kind; its key is the return.
pub(crate) const KIND: &str = "lost-in-transit";

/// Sets the timer of a parcel that was heard of just now, anew at every scan.
pub(crate) async fn schedule(tx: &mut Tx, app: &App, return_id: &str) -> Result<(), StoreError> {
    let days = i64::from(app.config.lost_after_days);
    tx.schedule(KIND, return_id, app.store.now().plus_days(days), &[])
        .await
}

pub(crate) async fn fire(app: App, timer: DueTimer) -> Result<(), Error> {
    app.store
        .attempt(async || {
            let scope = app.store.read(&timer.tenant).await?;
            let current = returns::find(&scope, &timer.key).await?;
            drop(scope);
            let mut tx = app.store.begin(&timer.tenant).await?;
            if let Some(current) = current {
                let decided = decide(&current, Command::Lose, app.moment())?;
                save::changed(&mut tx, &decided).await?;
            }
            tx.finish_timer(&timer).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
}
