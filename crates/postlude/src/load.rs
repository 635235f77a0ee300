//! Load: calls a running platform as many shops at once would, and measures what comes back.
//!
//! - [`plan`]: what is asked for: a rate or a number of clients, a mix of calls, how long.
//! - [`life`]: one return's life as calls, from the order to the refund; each may be made again.
//! - [`tally`]: latencies and statuses by call.
//! - [`history`]: every call with its times and its answer, for an oracle that looks afterwards.
//!
//! With a rate the loop is open: a call is due when the plan says, however slow the platform is, and
//! its latency counts from then. With clients it is closed: each makes its next call when the last one
//! has been answered.

pub mod history;
pub mod life;
pub mod plan;
pub mod tally;

mod call;
mod closed;
mod open;
mod shop;

use std::{sync::Arc, time::Duration};

use postlude_proto::returns::v1::r#return::State;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::{
    history::History,
    plan::{Mix, Pace, Plan},
    shop::{Caller, Connect, create_request, customer},
    tally::Tally,
};
use self::{life::Lives, tally::Measured};

/// Between two looks at a refund.
const LOOK: Duration = Duration::from_millis(5);
/// So many of the last refunds tell when all were done; looking at the others takes time of its own.
const LAST: usize = 64;

/// What stands at the end of a run.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How long calls were made and measured.
    pub elapsed: Duration,
    /// By call, in the order of a life.
    pub calls: Vec<Measured>,
    /// Calls that were due and not made, because more than the plan allows were under way.
    pub skipped: u64,
    /// Returns whose refund was asked for.
    pub refunded: u64,
    /// The order and return numbers of those.
    pub ended: Vec<life::Ended>,
}

impl Summary {
    /// Calls that were answered, a second.
    #[must_use]
    pub fn answered_per_second(&self) -> f64 {
        let answered: u64 = self.calls.iter().map(|call| call.ok).sum();
        per_second(answered, self.elapsed)
    }
}

/// What a run works with.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) caller: Caller,
    pub(crate) lives: Lives,
    pub(crate) tally: Tally,
    pub(crate) history: History,
    pub(crate) began: Instant,
}

/// Carries a plan out: prepares what it needs, then makes its calls until the time is over or `stop`
/// is asked for, and waits for what is under way.
///
/// # Errors
/// If the orders that the plan needs can't be prepared, or the history can't be written.
pub async fn run(
    plan: Plan,
    caller: Caller,
    history: History,
    progress: &dyn Progress,
    stop: CancellationToken,
) -> anyhow::Result<Summary> {
    let lives = Lives::new(&plan);
    let run = Arc::new(Run {
        lives,
        caller,
        history,
        tally: Tally::default(),
        began: Instant::now(),
        plan,
    });
    let (elapsed, skipped) = match run.plan.pace {
        Pace::Rate(rate) => open::run(&run, rate, progress, &stop).await?,
        Pace::Clients(clients) => closed::run(&run, clients, progress, &stop).await?,
    };
    run.history.flush()?;
    let ended = run.lives.ended();
    Ok(Summary {
        elapsed,
        calls: in_order(run.tally.measured()),
        skipped,
        refunded: u64::try_from(ended.len()).unwrap_or(u64::MAX),
        ended,
    })
}

/// Waits until every refund that was asked for is confirmed; the time until the last ones were.
///
/// # Errors
/// If one isn't in time, or can't be looked at.
pub async fn settle(
    caller: &Caller,
    ended: &[life::Ended],
    patience: Duration,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut settled = Duration::ZERO;
    for (number, one) in ended.iter().rev().enumerate() {
        while caller.seen(&one.return_id).await?.state() != State::Refunded {
            if began.elapsed() > patience {
                anyhow::bail!(
                    "{} isn't refunded after {} s",
                    one.return_id,
                    patience.as_secs()
                );
            }
            settled = began.elapsed();
            tokio::time::sleep(LOOK).await;
        }
        if number < LAST {
            settled = began.elapsed();
        }
    }
    Ok(settled)
}

/// In the order of a life; what is no step of one comes after.
fn in_order(mut calls: Vec<Measured>) -> Vec<Measured> {
    let place = |call: &Measured| {
        let mut steps = life::Step::ALL.into_iter();
        steps
            .position(|step| step.method() == call.name)
            .unwrap_or(usize::MAX)
    };
    calls.sort_by_key(place);
    calls
}

/// Who is told how far a run is.
pub trait Progress: Send + Sync {
    /// A part of the run begins: what, and how many steps it has.
    fn begin(&self, what: &str, steps: u64);
    /// So many of its steps are done.
    fn at(&self, step: u64);
}

/// Nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _steps: u64) {}
    fn at(&self, _step: u64) {}
}

/// Events a second, for people.
#[must_use]
#[allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a rate for people; nothing is decided by it"
)]
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() {
        return 0.0;
    }
    count as f64 / elapsed.as_secs_f64()
}

/// Milliseconds with two decimals, for people.
#[must_use]
pub fn millis(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}
