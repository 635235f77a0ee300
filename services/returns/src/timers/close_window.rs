//! The return window of an order line closes.

use postlude_kernel::Timestamp;
use postlude_proto::returns::v1::{ReturnWindow, ReturnWindowClosed};
use postlude_store::{DueTimer, StoreError, Tx};

use crate::{
    app::App,
    convert::{reason, time_message},
    error::Error,
    store::{terms, unreadable, windows},
};

/// The timer's kind; its key is the window's.
pub(crate) const KIND: &str = "close-window";

/// What a window is called as an aggregate of its own. A line's number may hold anything, so nothing is
/// ever read out of it.
pub(crate) fn key(order_id: &str, line_id: &str) -> String {
    format!("{order_id}/{line_id}")
}

/// Sets the timer of a window, or moves it.
pub(crate) async fn schedule(
    tx: &mut Tx,
    order_id: &str,
    line_id: &str,
    closes: Timestamp,
) -> Result<(), StoreError> {
    let payload =
        serde_json::to_vec(&(order_id, line_id)).map_err(|error| unreadable("timer", error))?;
    tx.schedule(KIND, &key(order_id, line_id), closes, &payload)
        .await
}

pub(crate) async fn fire(app: App, timer: DueTimer) -> Result<(), Error> {
    let (order_id, line_id): (String, String) =
        serde_json::from_slice(&timer.payload).map_err(|error| unreadable("timer", error))?;
    app.store
        .attempt(async || {
            let mut tx = app.store.begin(&timer.tenant).await?;
            let known = windows::find(&tx, &order_id, &line_id).await?;
            if let Some(known) = known.filter(|known| !known.closed && known.closes <= timer.due) {
                let window = windows::Window {
                    closed: true,
                    revision: known.revision + 1,
                    ..known
                };
                windows::save(&mut tx, &order_id, &line_id, window).await?;
                let terms = terms::find(&tx, &order_id).await?;
                let reasons = terms
                    .as_ref()
                    .and_then(|terms| terms.line(&line_id))
                    .map(|line| reason::messages(&line.reasons))
                    .unwrap_or_default();
                let event = ReturnWindowClosed {
                    window: Some(ReturnWindow {
                        order_id: order_id.clone(),
                        line_id: line_id.clone(),
                        revision: window.revision,
                        close_time: Some(time_message(window.closes)),
                        reasons,
                    }),
                };
                tx.emit(&timer.key, window.revision, &event).await?;
            }
            tx.finish_timer(&timer).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
}
