//! Waiting on a condition.

use std::time::Duration;

/// How long a condition may take. Far beyond what it needs: a busy machine is no failure.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Whole days.
#[must_use]
pub const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// Asks until `probe` gives a value.
///
/// # Panics
/// If it doesn't within [`DEADLINE`]; the panic names `what`.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = tokio::time::timeout(DEADLINE, async {
        loop {
            if let Some(value) = probe().await {
                return value;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    match asked.await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {DEADLINE:?}"),
    }
}
