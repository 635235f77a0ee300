//! Files that change while the process runs: keys and certificates.

use std::{fmt::Display, time::Duration};

use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Calls `reload` again and again until it is stopped. What fails is logged with `kept`, and all stays as
/// it is.
pub(crate) async fn follow<E: Display + Send + 'static>(
    stop: CancellationToken,
    kept: &'static str,
    reload: impl Fn() -> Result<(), E> + Clone + Send + 'static,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        match tokio::task::spawn_blocking(reload.clone()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "{kept} stay as they are"),
            Err(error) => tracing::error!(%error, "{kept} stay as they are"),
        }
    }
}
