//! Time and chance as parameters, and the one place that asks the machine for them.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use ulid::Ulid;

use crate::time::Timestamp;

/// Tells the time. Two real things stand behind it: the machine's clock, and a test's own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Makes ids. Two real things stand behind it: the machine's randomness, and a test's seed.
pub trait IdSource: Send + Sync + std::fmt::Debug {
    /// A new ULID for the time `now`; two of one source are never equal.
    fn ulid(&self, now: Timestamp) -> Ulid;

    /// A new id with its prefix: `ret_01J…`.
    fn id(&self, prefix: &str, now: Timestamp) -> String {
        format!("{prefix}_{}", self.ulid(now))
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let elapsed = std::time::SystemTime::now()
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that a test sets. It stands still until it is told.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Ids from the machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that asks the machine for randomness"
    )]
    fn ulid(&self, now: Timestamp) -> Ulid {
        Ulid::from_parts(millis(now), Ulid::generate().random())
    }
}

/// Ids that a test can foresee: the same seed gives the same ids.
#[derive(Debug)]
pub struct SeededIds(Mutex<u64>);

impl SeededIds {
    /// Starts from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl IdSource for SeededIds {
    fn ulid(&self, now: Timestamp) -> Ulid {
        let mut state = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = state.wrapping_add(1);
        Ulid::from_parts(millis(now), u128::from(*state))
    }
}

fn millis(now: Timestamp) -> u64 {
    u64::try_from(now.as_micros() / 1_000).unwrap_or(0)
}
