//! What every transport must hold, as a suite to run against it.
//!
//! A transport brings a [`Rig`] and calls [`conformance!`](crate::conformance!) in its tests: one test
//! per promise. What only one transport can promise (no second delivery, nothing before its time) is
//! tested beside that transport.

pub mod deliveries;
pub mod failures;
pub mod listeners;
mod probe;

use std::{sync::Arc, time::Duration};

pub use self::probe::{Failure, Probe, ensure, eventually};
use crate::Bus;

/// A transport under test: fresh, with nothing in it.
#[async_trait::async_trait]
pub trait Rig: Send + Sync {
    /// The bus.
    fn bus(&self) -> Arc<dyn Bus>;

    /// Another handle on the same durable state, as the next process has it after a crash. What runs on
    /// the handle before counts as dead.
    async fn restart(&self) -> Arc<dyn Bus>;

    /// Lets time pass: moves the test's clock, or nothing where real time decides.
    fn advance(&self, by: Duration);
}

/// One test per promise of the suite; the factory is an `async fn(&str) -> impl Rig` that is given the
/// promise's name.
#[macro_export]
macro_rules! conformance {
    ($factory:path) => {
        $crate::conformance!(@cases $factory, deliveries:
            reaches_each_durable_consumer,
            tells_what_was_published_before,
            bears_duplicates_in_any_order,
            goes_on_where_it_stopped,
            delivers_again_after_a_crash,
            keeps_to_the_limit_in_flight,
            knows_when_it_has_caught_up,
            waits_for_what_runs_when_it_stops
        );
        $crate::conformance!(@cases $factory, failures:
            tries_again_later,
            is_not_held_up_by_one_that_fails,
            takes_a_panic_for_a_failure,
            gives_a_rejected_event_to_the_dead_letters,
            gives_an_exhausted_event_to_the_dead_letters,
            replays_a_dead_letter
        );
        $crate::conformance!(@cases $factory, listeners:
            hears_from_now_on,
            each_listener_hears_all,
            ends_when_it_is_stopped
        );
    };
    (@cases $factory:path, $group:ident: $($case:ident),+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() -> Result<(), $crate::conformance::Failure> {
                let rig = $factory(stringify!($case)).await;
                $crate::conformance::$group::$case(&rig).await
            }
        )+
    };
}
