//! Counters of calls, in Prometheus' text form.
//!
//! One set per process, like the logs: a process has one `/metrics`. Names follow OpenTelemetry's
//! `rpc.*`. Labels come from the contract only, so that no caller can make new ones.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tonic::Code;

/// Upper bounds of the buckets, in microseconds.
const BOUNDS: [u64; 12] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    service: &'static str,
    method: &'static str,
    code: i32,
}

#[derive(Debug, Clone, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum_micros: u64,
}

static CALLS: Mutex<BTreeMap<Series, Histogram>> = Mutex::new(BTreeMap::new());

/// Counts one finished call.
pub(crate) fn record(service: &'static str, method: &'static str, code: Code, took: Duration) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let series = Series {
        service,
        method,
        code: i32::from(code),
    };
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let histogram = calls.entry(series).or_default();
    histogram.count += 1;
    histogram.sum_micros = histogram.sum_micros.saturating_add(micros);
    for (bucket, bound) in histogram.buckets.iter_mut().zip(BOUNDS) {
        if micros <= bound {
            *bucket += 1;
        }
    }
}

/// All counters as Prometheus reads them.
#[must_use]
pub fn render() -> String {
    const NAME: &str = "rpc_server_call_duration_seconds";
    let calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut text = format!(
        "# HELP {NAME} How long calls took, by service, method and status code.\n\
         # TYPE {NAME} histogram\n"
    );
    for (series, histogram) in &calls {
        let labels = format!(
            "rpc_system=\"grpc\",service=\"{}\",rpc_method=\"{}\",rpc_response_status_code=\"{}\"",
            series.service,
            series.method.trim_start_matches('/'),
            code_name(Code::from_i32(series.code)),
        );
        // Writing to a String can't fail.
        for (bound, count) in BOUNDS.iter().zip(histogram.buckets) {
            let _ = writeln!(
                text,
                "{NAME}_bucket{{{labels},le=\"{}\"}} {count}",
                seconds(*bound)
            );
        }
        let _ = writeln!(
            text,
            "{NAME}_bucket{{{labels},le=\"+Inf\"}} {}",
            histogram.count
        );
        let _ = writeln!(
            text,
            "{NAME}_sum{{{labels}}} {}",
            seconds(histogram.sum_micros)
        );
        let _ = writeln!(text, "{NAME}_count{{{labels}}} {}", histogram.count);
    }
    text
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The code as the gRPC specification writes it.
pub(crate) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
