//! What the bus measures, by OpenTelemetry's semantic conventions. Labels are consumers and types of
//! events; neither grows with tenants or traffic.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use postlude_store::{
    Envelope,
    meter::{SECONDS, meter},
};

use crate::{ConsumerSpec, Outcome};

static CONSUMED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("messaging.client.consumed.messages")
        .with_description("Deliveries of events to consumers.")
        .with_unit("{message}")
        .build()
});

static PROCESS: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("messaging.process.duration")
        .with_description("How long a consumer had an event in hand.")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
});

static REDELIVERIES: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("postlude.consumer.redeliveries")
        .with_description("Deliveries of an event that the consumer had been given before.")
        .with_unit("{message}")
        .build()
});

static DEAD: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("postlude.consumer.dead_letters")
        .with_description("Events that a consumer gave up.")
        .with_unit("{message}")
        .build()
});

/// Why an event is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Death {
    /// The consumer says that it will never work.
    Rejected,
    /// It failed too often.
    Exhausted,
    /// Nobody lived to say.
    Unanswered,
}

/// A delivery has been handled.
pub(crate) fn handled(
    system: &'static str,
    spec: &ConsumerSpec,
    r#type: String,
    attempt: u32,
    took: Duration,
    outcome: &Outcome,
) {
    let mut labels = vec![
        KeyValue::new("messaging.system", system),
        KeyValue::new("messaging.operation.name", "process"),
        KeyValue::new("messaging.destination.name", r#type),
        KeyValue::new("messaging.consumer.group.name", spec.name.clone()),
        KeyValue::new("postlude.service", spec.service),
    ];
    if attempt > 1 {
        REDELIVERIES.add(1, &labels);
    }
    match outcome {
        Outcome::Done => {}
        Outcome::RetryLater { .. } => labels.push(KeyValue::new("error.type", "retry")),
        Outcome::Reject { .. } => labels.push(KeyValue::new("error.type", "rejected")),
    }
    CONSUMED.add(1, &labels);
    PROCESS.record(took.as_secs_f64(), &labels);
}

/// An event is given up.
pub(crate) fn given_up(consumer: &str, event: &Envelope, why: Death) {
    let why = match why {
        Death::Rejected => "rejected",
        Death::Exhausted => "exhausted",
        Death::Unanswered => "unanswered",
    };
    let labels = [
        KeyValue::new("messaging.consumer.group.name", consumer.to_owned()),
        KeyValue::new("messaging.destination.name", event.r#type.clone()),
        KeyValue::new("error.type", why),
    ];
    DEAD.add(1, &labels);
}
