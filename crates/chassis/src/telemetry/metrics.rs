//! The meter of this process, and what it shows to Prometheus.
//!
//! One per process, like the logs: a process has one `/metrics`. Instruments are where something is
//! measured; names and labels follow OpenTelemetry's semantic conventions, and what they have no word for
//! begins with `postlude.`. Labels come from the contract and the code, never from a caller or a tenant.

use std::sync::OnceLock;

use opentelemetry::global;
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{PeriodicReader, SdkMeterProvider},
};
use prometheus::{Registry, TextEncoder};
use tonic::Code;

use super::otlp;

struct Installed {
    provider: SdkMeterProvider,
    registry: Registry,
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// Makes sure that there is a meter: one that only `/metrics` shows, unless a process set up another.
pub fn ensure() {
    installed(|| otlp::resource("postlude"), None);
}

/// Sets the meter up; the first one stays.
pub(super) fn install(resource: Resource, reader: Option<PeriodicReader<MetricExporter>>) {
    installed(|| resource, reader);
}

fn installed(
    resource: impl FnOnce() -> Resource,
    reader: Option<PeriodicReader<MetricExporter>>,
) -> &'static Installed {
    INSTALLED.get_or_init(|| {
        let registry = Registry::new();
        let mut builder = SdkMeterProvider::builder().with_resource(resource());
        match opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()
        {
            Ok(exporter) => builder = builder.with_reader(exporter),
            Err(error) => tracing::error!(%error, "there are no metrics to show"),
        }
        if let Some(reader) = reader {
            builder = builder.with_reader(reader);
        }
        let provider = builder.build();
        global::set_meter_provider(provider.clone());
        Installed { provider, registry }
    })
}

/// Sends what waits. What is measured afterwards goes nowhere.
pub(super) fn end() -> OTelSdkResult {
    INSTALLED
        .get()
        .map_or(Ok(()), |installed| installed.provider.shutdown())
}

/// All measurements as Prometheus reads them.
#[must_use]
pub fn render() -> String {
    let registry = &installed(|| otlp::resource("postlude"), None).registry;
    TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap_or_else(|error| {
            tracing::error!(%error, "metrics can't be written");
            String::new()
        })
}

/// The code as the gRPC specification writes it.
#[must_use]
pub const fn code_name(code: Code) -> &'static str {
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
