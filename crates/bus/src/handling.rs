//! One delivery in a handler's hands, the same for every transport.

use std::{sync::Arc, time::Duration};

use postlude_store::Envelope;
use tokio::time::Instant;

use crate::{
    ConsumerSpec, Delivery, Handler, Outcome,
    meter::{self, Death},
};

/// A handler that takes longer has failed; the delivery comes again.
const LIMIT: Duration = Duration::from_secs(60);
/// The wait of a consumer that names none.
const WAIT: Duration = Duration::from_secs(1);

/// Runs the handler: a panic, and taking too long, are failures of this delivery alone.
pub(crate) async fn handle(
    system: &'static str,
    spec: &ConsumerSpec,
    handler: &Arc<dyn Handler>,
    delivery: Delivery,
) -> Outcome {
    let (r#type, attempt) = (delivery.envelope.r#type.clone(), delivery.attempt);
    let began = Instant::now();
    let outcome = run(handler, delivery).await;
    meter::handled(system, spec, r#type, attempt, began.elapsed(), &outcome);
    outcome
}

async fn run(handler: &Arc<dyn Handler>, delivery: Delivery) -> Outcome {
    let handler = Arc::clone(handler);
    // A task of its own, so that a panic is one delivery's failure.
    let mut task = AbortOnDrop(tokio::spawn(async move { handler.handle(delivery).await }));
    let reason = match tokio::time::timeout(LIMIT, &mut task.0).await {
        Ok(Ok(outcome)) => return outcome,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the handler took longer than {} s", LIMIT.as_secs()),
    };
    Outcome::RetryLater {
        after: None,
        reason,
    }
}

/// The wait after the delivery number `attempts`.
pub(crate) fn backoff(spec: &ConsumerSpec, attempts: u32) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    spec.backoff
        .get(index)
        .or(spec.backoff.last())
        .copied()
        .unwrap_or(WAIT)
}

/// Says in the log that an event is given up, and counts it.
pub(crate) fn tell_given_up(
    spec: &ConsumerSpec,
    event: &Envelope,
    attempts: u32,
    reason: &str,
    why: Death,
) {
    meter::given_up(&spec.name, event, why);
    tracing::warn!(
        consumer = spec.name,
        service = spec.service,
        tenant = %event.tenant,
        event = event.id,
        r#type = event.r#type,
        traceparent = event.traceparent,
        attempts,
        reason,
        "an event goes to the dead letters"
    );
}

/// A consumer that is cut off takes its handlers with it.
struct AbortOnDrop(tokio::task::JoinHandle<Outcome>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
