//! Trying again: how often, and when.

use std::time::Duration;

use postlude_kernel::{Fault, IdSource, Timestamp};

use crate::{Store, error::CONCURRENT_CHANGE};

const TRIES: u32 = 5;

impl Store {
    /// Runs the work, and again when somebody else was faster ([`StoreError::Conflict`], at most five
    /// times, a few milliseconds apart). After that the caller gets the conflict.
    ///
    /// The work begins from the start each time: load, ask, decide, save. It is an `async ||` closure
    /// that borrows what it needs and changes nothing outside of itself.
    ///
    /// [`StoreError::Conflict`]: crate::StoreError::Conflict
    ///
    /// # Errors
    /// What the work answers.
    pub async fn attempt<T, E, F, W>(&self, mut work: F) -> Result<T, E>
    where
        E: Fault,
        // Not `AsyncFnMut`: whether its future is `Send` can't be told for a closure that borrows.
        F: FnMut() -> W,
        W: Future<Output = Result<T, E>>,
    {
        let mut tries = 1;
        loop {
            match work().await {
                Err(error) if error.reason() == CONCURRENT_CHANGE && tries < TRIES => {
                    let span = Duration::from_millis(8) * tries * tries;
                    tokio::time::sleep(jitter(self.ids(), self.now(), span)).await;
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }
}

/// A span between half of `span` and the whole.
#[must_use]
pub fn jitter(ids: &dyn IdSource, now: Timestamp, span: Duration) -> Duration {
    let random = ids.ulid(now).random();
    // Spreads a seeded source's consecutive numbers; the machine's are spread already.
    let spread = u64::try_from(random & u128::from(u64::MAX))
        .unwrap_or_default()
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        >> 33;
    let half = u64::try_from(span.as_micros() / 2).unwrap_or(u64::MAX);
    Duration::from_micros(half.saturating_add(spread % half.max(1)))
}

/// The wait before the next try after `attempt` tries failed: doubling from `first` up to `most`, with
/// [`jitter`].
#[must_use]
pub fn backoff(
    ids: &dyn IdSource,
    now: Timestamp,
    attempt: u32,
    first: Duration,
    most: Duration,
) -> Duration {
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1).min(20));
    jitter(ids, now, first.saturating_mul(factor).min(most))
}
