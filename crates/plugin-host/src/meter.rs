//! What calls of plugins cost, and how they end. Labels are hooks, functions and kinds of ends: which
//! plugin it was is in traces and runs, for retailers name their plugins and there is no end to them.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, Meter, UpDownCounter},
};

use crate::run::{RunRecord, RunResult};

/// Upper bounds in seconds: a call takes microseconds, and a quarter of a second at most.
const SECONDS: [f64; 11] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.25,
];
const FUEL: [f64; 9] = [1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8];
const MEMORY: [f64; 8] = [
    65_536.0,
    262_144.0,
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    12_582_912.0,
    16_777_216.0,
];

fn meter() -> Meter {
    global::meter("postlude")
}

static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("postlude.plugin.call.duration")
        .with_description("How long a plugin ran, by how it ended.")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
});

static FUEL_SPENT: LazyLock<Histogram<u64>> = LazyLock::new(|| {
    meter()
        .u64_histogram("postlude.plugin.call.fuel")
        .with_description("Fuel that a call took.")
        .with_unit("{instruction}")
        .with_boundaries(FUEL.to_vec())
        .build()
});

static MEMORY_USED: LazyLock<Histogram<u64>> = LazyLock::new(|| {
    meter()
        .u64_histogram("postlude.plugin.call.memory")
        .with_description("Linear memory that a call had at its end.")
        .with_unit("By")
        .with_boundaries(MEMORY.to_vec())
        .build()
});

static FAULTS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter()
        .u64_counter("postlude.plugin.faults")
        .with_description("Calls that a plugin didn't answer as it should, traps among them.")
        .with_unit("{fault}")
        .build()
});

static WAITING: LazyLock<UpDownCounter<i64>> = LazyLock::new(|| {
    meter()
        .i64_up_down_counter("postlude.plugin.queue.waiting")
        .with_description("Calls that wait for a thread.")
        .with_unit("{call}")
        .build()
});

static OPEN: LazyLock<UpDownCounter<i64>> = LazyLock::new(|| {
    meter()
        .i64_up_down_counter("postlude.plugin.breaker.open")
        .with_description("Breakers that keep calls from plugins which failed too often.")
        .with_unit("{breaker}")
        .build()
});

/// A plugin ran.
pub(crate) fn ran(record: &RunRecord) {
    let end = match record.result {
        RunResult::Decided => "decided",
        RunResult::PluginError => "plugin-error",
        RunResult::Fault => record
            .fault
            .as_ref()
            .map_or("fault", |fault| fault.code.as_str()),
    };
    let labels = [
        KeyValue::new("postlude.plugin.hook", record.hook.clone()),
        KeyValue::new("postlude.plugin.function", record.function.clone()),
        KeyValue::new("postlude.plugin.result", end),
    ];
    let took = Duration::from_micros(record.duration_micros);
    DURATION.record(took.as_secs_f64(), &labels);
    FUEL_SPENT.record(record.fuel, &labels);
    MEMORY_USED.record(record.memory_bytes, &labels);
}

/// A call that a plugin didn't answer as it should: it broke, or wasn't made.
pub(crate) fn faulted(hook: &'static str, code: &'static str) {
    let labels = [
        KeyValue::new("postlude.plugin.hook", hook),
        KeyValue::new("error.type", code),
    ];
    FAULTS.add(1, &labels);
}

/// Calls begin to wait, or cease to.
pub(crate) fn waiting(by: i64) {
    WAITING.add(by, &[]);
}

/// Breakers open, or close.
pub(crate) fn open(hook: &'static str, by: i64) {
    OPEN.add(by, &[KeyValue::new("postlude.plugin.hook", hook)]);
}
