//! What the store measures, by OpenTelemetry's semantic conventions.
//!
//! Labels are the service, the pool, the kind of event: nothing that grows with tenants or traffic.
//! Instruments do nothing unless a meter was set up before the first of them was used.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, Meter},
};

/// Upper bounds in seconds, for what takes milliseconds when all is well.
pub const SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The platform's meter.
#[must_use]
pub fn meter() -> Meter {
    global::meter("postlude")
}

static WAIT: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("db.client.connection.wait_time")
        .with_description("How long a transaction waited for a connection and its begin.")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
});

static TIMEOUTS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("db.client.connection.timeouts")
        .with_description("Transactions that got no connection in time.")
        .with_unit("{timeout}")
        .build()
});

static SENT: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("messaging.client.sent.messages")
        .with_description("Events that the relay handed to the bus, or tried to.")
        .with_unit("{message}")
        .build()
});

static SENDING: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("messaging.client.operation.duration")
        .with_description("How long the bus took to take a batch of events over.")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
});

/// A transaction has, or has not, got its connection.
pub(crate) fn waited(pool: &str, waited: Duration, in_time: bool) {
    let pool = [KeyValue::new(
        "db.client.connection.pool.name",
        pool.to_owned(),
    )];
    WAIT.record(waited.as_secs_f64(), &pool);
    if !in_time {
        TIMEOUTS.add(1, &pool);
    }
}

/// A batch of events, by their types, was handed to the bus.
pub(crate) fn sent<'a>(
    service: &'static str,
    system: &'static str,
    types: impl Iterator<Item = &'a str>,
    took: Duration,
    well: bool,
) {
    let mut labels = vec![
        KeyValue::new("messaging.system", system),
        KeyValue::new("messaging.operation.name", "send"),
        KeyValue::new("postlude.service", service),
    ];
    if !well {
        labels.push(KeyValue::new("error.type", "refused"));
    }
    SENDING.record(took.as_secs_f64(), &labels);
    for r#type in types {
        labels.push(KeyValue::new(
            "messaging.destination.name",
            r#type.to_owned(),
        ));
        SENT.add(1, &labels);
        labels.pop();
    }
}
