//! A worker fetches the label that was asked for.

use postlude_store::{DueTimer, StoreError, Tx};

use crate::{
    app::App,
    domain::return_request::{Command, LabelState, decide},
    error::Error,
    save,
    store::{labels, returns},
};

/// The timer's kind; its key is the return.
pub(crate) const KIND: &str = "issue-label";

/// Has the label fetched as soon as may be.
pub(crate) async fn schedule(
    tx: &mut Tx,
    return_id: &str,
    now: postlude_kernel::Timestamp,
) -> Result<(), StoreError> {
    tx.schedule(KIND, return_id, now, &[]).await
}

pub(crate) async fn fire(app: App, timer: DueTimer) -> Result<(), Error> {
    app.store
        .attempt(async || {
            let scope = app.store.read(&timer.tenant).await?;
            let current = returns::find(&scope, &timer.key).await?;
            drop(scope);
            let pending = current.as_ref().and_then(|current| {
                let label = current.label.as_ref()?;
                (label.state == LabelState::Pending).then_some((current, label))
            });
            // Cancelled in the meantime, or issued before a crash: nothing is left to do.
            let Some((current, label)) = pending else {
                return Ok(());
            };
            // Asked before the transaction; the same label id gives the same label.
            let answer = app.labels.issue(current, &label.label_id).await;
            let command = match &answer {
                Ok(file) => Command::LabelIssued {
                    carrier: file.carrier.clone(),
                    tracking_number: file.tracking_number.clone(),
                    content_type: file.content_type.clone(),
                },
                Err(error) => Command::LabelFailed {
                    failure: error.to_string(),
                },
            };
            let decided = decide(current, command, app.moment())?;
            let mut tx = app.store.begin(&timer.tenant).await?;
            save::changed(&mut tx, &decided).await?;
            if let (Ok(file), true) = (&answer, decided.changed) {
                labels::insert(&mut tx, &label.label_id, &file.content).await?;
            }
            tx.finish_timer(&timer).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
}
