//! What is measured of replicas that are asked.

use std::sync::{Arc, LazyLock};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, UpDownCounter},
};
use postlude_store::meter::meter;

static RETRIES: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("postlude.upstream.retries")
        .with_description("Calls to other services that were made again.")
        .with_unit("{call}")
        .build()
});

static OPEN: LazyLock<UpDownCounter<i64>> = LazyLock::new(|| {
    meter()
        .i64_up_down_counter("postlude.upstream.breaker.open")
        .with_description("Replicas of other services that are left alone for a while.")
        .with_unit("{breaker}")
        .build()
});

/// A call is made again.
pub(super) fn retried(service: &Arc<str>) {
    RETRIES.add(1, &[label(service)]);
}

/// Breakers open, or close.
pub(super) fn breakers_open(service: &Arc<str>, by: i64) {
    OPEN.add(by, &[label(service)]);
}

fn label(service: &Arc<str>) -> KeyValue {
    KeyValue::new("postlude.upstream", Arc::clone(service))
}
