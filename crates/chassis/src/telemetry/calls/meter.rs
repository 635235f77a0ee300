//! What is measured of calls: rate, errors and duration per method, and how many are under way.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue,
    metrics::{Histogram, UpDownCounter},
};
use postlude_store::meter::{SECONDS, meter};
use tonic::Code;

use super::{Side, code_name};

static SERVER: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("rpc.server.call.duration")
        .with_description("How long calls took to answer, by service, method and status code.")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
});

static CLIENT: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("rpc.client.call.duration")
        .with_description("How long other services took to answer, by service, method and code.")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
});

static UNDER_WAY: LazyLock<UpDownCounter<i64>> = LazyLock::new(|| {
    meter()
        .i64_up_down_counter("postlude.rpc.server.active_calls")
        .with_description("Calls that are being answered.")
        .with_unit("{call}")
        .build()
});

/// Calls begin to be answered, or cease to.
pub(super) fn under_way(side: &Side, by: i64) {
    match side {
        Side::Server(service) => UNDER_WAY.add(by, &[KeyValue::new("postlude.service", *service)]),
        Side::Client(_) => {}
    }
}

/// A call has ended.
pub(super) fn done(side: &Side, method: &'static str, code: Code, took: Duration) {
    let labels = |service: KeyValue| {
        let mut labels = vec![
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", method),
            KeyValue::new("rpc.response.status_code", code_name(code)),
            service,
        ];
        if is_error(side, code) {
            labels.push(KeyValue::new("error.type", code_name(code)));
        }
        labels
    };
    let seconds = took.as_secs_f64();
    match side {
        Side::Server(service) => {
            SERVER.record(
                seconds,
                &labels(KeyValue::new("postlude.service", *service)),
            );
        }
        Side::Client(service) => {
            let upstream = KeyValue::new("postlude.upstream", service.clone());
            CLIENT.record(seconds, &labels(upstream));
        }
    }
}

/// Whether the code is an error of whoever measures: a server isn't to blame for what a caller got wrong.
pub(super) const fn is_error(side: &Side, code: Code) -> bool {
    match (side, code) {
        (_, Code::Ok) => false,
        (Side::Client(_), _)
        | (
            Side::Server(_),
            Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss,
        ) => true,
        (
            Side::Server(_),
            Code::Cancelled
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unauthenticated,
        ) => false,
    }
}
