//! One call of a run: made, made again where that may help, counted and written down.

use std::{error::Error as _, sync::Arc, time::Duration};

use postlude_chassis::telemetry::metrics::code_name;
use tokio::time::Instant;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

use super::{
    Run,
    history::Entry,
    life::{Ended, Life, Step},
    plan::Kind,
};
use crate::cli::client::{is_away, reason};

/// Between the first two tries; doubled from then on, up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// When a call was due, and whether it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) at: Instant,
    pub(super) measured: bool,
}

impl Due {
    /// Now, and it counts.
    pub(super) fn now() -> Self {
        Self {
            at: Instant::now(),
            measured: true,
        }
    }
}

/// Makes a life's next call. True if it was answered with OK.
pub(super) async fn step(
    run: &Arc<Run>,
    life: &mut Life,
    step: Step,
    due: Due,
) -> anyhow::Result<Result<(), Status>> {
    let mut attempts = 0;
    let answer = loop {
        attempts += 1;
        match run.caller.step(life, step).await {
            Err(status) if again(run, due, &status) => pause(attempts, &status).await,
            answer => break answer,
        }
    };
    if answer.is_ok() {
        life.advance(step);
    }
    let of = Ended {
        order_id: life.order_id.clone(),
        return_id: life.return_id.clone(),
    };
    end(
        run,
        step.method(),
        of,
        life.request_id(step),
        due,
        attempts,
        &answer,
    )?;
    Ok(answer)
}

/// Looks at something that is there.
pub(super) async fn read(run: &Arc<Run>, kind: Kind, of: Ended, due: Due) -> anyhow::Result<()> {
    let mut attempts = 0;
    let answer = loop {
        attempts += 1;
        match run.caller.read(kind, &of).await {
            Err(status) if again(run, due, &status) => pause(attempts, &status).await,
            answer => break answer,
        }
    };
    let name = match kind {
        Kind::Life | Kind::GetReturn => "GetReturn",
        Kind::GetOrder => "GetOrder",
        Kind::ListReturns => "ListReturns",
    };
    end(run, name, of, String::new(), due, attempts, &answer)
}

fn again(run: &Run, due: Due, status: &Status) -> bool {
    due.at.elapsed() < run.plan.patience && is_away(status)
}

/// As the platform asks for, else longer each time.
async fn pause(attempts: u64, status: &Status) {
    let asked = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    let own = SHORTEST
        .saturating_mul(2_u32.saturating_pow(doublings.min(10)))
        .min(LONGEST);
    tokio::time::sleep(asked.unwrap_or(own).min(LONGEST)).await;
}

/// The client's own deadline, which tonic gives as CANCELLED, by its name.
fn code(status: &Status) -> Code {
    let out_of_time = status
        .source()
        .is_some_and(|cause| cause.is::<TimeoutExpired>());
    if out_of_time {
        Code::DeadlineExceeded
    } else {
        status.code()
    }
}

fn end(
    run: &Run,
    name: &'static str,
    of: Ended,
    request_id: String,
    due: Due,
    attempts: u64,
    answer: &Result<(), Status>,
) -> anyhow::Result<()> {
    let now = Instant::now();
    let (code, reason) = match answer {
        Ok(()) => (Code::Ok, String::new()),
        Err(status) => (code(status), reason(status)),
    };
    if due.measured {
        let latency = now.saturating_duration_since(due.at);
        run.tally.add(name, latency, attempts, code, &reason);
    }
    let since = |at: Instant| {
        u64::try_from(at.saturating_duration_since(run.began).as_micros()).unwrap_or(u64::MAX)
    };
    run.history.add(Entry {
        call: name,
        order_id: of.order_id,
        return_id: of.return_id,
        request_id,
        due_micros: since(due.at),
        ended_micros: since(now),
        attempts,
        status: code_name(code),
        reason,
    })
}
