//! Waiting on a condition, with a deadline. Services agree through events, so a test asks again.

use std::{fmt::Debug, time::Duration};

/// How long services may take to agree. Far beyond what they need: a full machine is no failure.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// Asks until `probe` gives a value.
///
/// # Errors
/// If it doesn't within [`DEADLINE`]; the error names `what` and the last refusal.
pub async fn until<T, E: Debug>(
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<Option<T>, E>,
) -> anyhow::Result<T> {
    let mut last = String::from("not yet");
    let asked = tokio::time::timeout(DEADLINE, async {
        loop {
            match probe().await {
                Ok(Some(value)) => return value,
                Ok(None) => {}
                Err(error) => last = format!("{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    asked.map_err(|_| anyhow::anyhow!("{what}: not within {DEADLINE:?}: {last}"))
}
