//! Sending traces and metrics to a collector by OTLP over gRPC, if one is configured.
//!
//! What OpenTelemetry's own variables say holds: `OTEL_EXPORTER_OTLP_*`, `OTEL_TRACES_SAMPLER`,
//! `OTEL_BSP_*`, `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
//! `OTEL_SDK_DISABLED`, and `none` in `OTEL_TRACES_EXPORTER` and `OTEL_METRICS_EXPORTER`.

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, metrics::PeriodicReader, trace::SdkTracerProvider};
use serde::Deserialize;

use crate::secret;

/// The section `[telemetry]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The collector's address, `http://host:4317`. Empty: OpenTelemetry's own variables say, and if
    /// they don't nothing is sent.
    pub otlp_endpoint: String,
}

/// The collector can't be sent to as it is configured.
#[derive(Debug, thiserror::Error)]
#[error(
    "telemetry.otlp_endpoint: nothing can be sent there; write for example http://127.0.0.1:4317"
)]
pub struct OtlpError(#[from] ExporterBuildError);

/// Who it is that the measurements and spans are of.
pub(super) fn resource(service: &str) -> Resource {
    let mut own = vec![
        KeyValue::new("service.namespace", "postlude"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    if let Ok(bytes) = secret::random_bytes::<16>() {
        own.push(KeyValue::new("service.instance.id", hex::encode(bytes)));
    }
    let named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|text| text.contains("service.name="));
    if !named {
        own.push(KeyValue::new("service.name", service.to_owned()));
    }
    Resource::builder().with_attributes(own).build()
}

/// Sends spans in batches, from a thread of its own. `None` if nothing is to be sent.
pub(super) fn tracer(
    config: &TelemetryConfig,
    resource: &Resource,
) -> Result<Option<SdkTracerProvider>, OtlpError> {
    let Some(endpoint) = endpoint(config, "TRACES") else {
        return Ok(None);
    };
    let exporter = SpanExporter::builder().with_tonic();
    let exporter = match endpoint {
        Endpoint::Ours(uri) => exporter.with_endpoint(uri).build()?,
        Endpoint::Variables => exporter.build()?,
    };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.clone())
        .build();
    Ok(Some(provider))
}

/// Sends metrics every minute. `None` if nothing is to be sent.
pub(super) fn reader(
    config: &TelemetryConfig,
) -> Result<Option<PeriodicReader<MetricExporter>>, OtlpError> {
    let Some(endpoint) = endpoint(config, "METRICS") else {
        return Ok(None);
    };
    let exporter = MetricExporter::builder().with_tonic();
    let exporter = match endpoint {
        Endpoint::Ours(uri) => exporter.with_endpoint(uri).build()?,
        Endpoint::Variables => exporter.build()?,
    };
    Ok(Some(PeriodicReader::builder(exporter).build()))
}

enum Endpoint {
    Ours(String),
    Variables,
}

fn endpoint(config: &TelemetryConfig, signal: &str) -> Option<Endpoint> {
    let says = |name: &str, what: &str| {
        variable(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(what))
    };
    if says("OTEL_SDK_DISABLED", "true") || says(&format!("OTEL_{signal}_EXPORTER"), "none") {
        return None;
    }
    if !config.otlp_endpoint.is_empty() {
        return Some(Endpoint::Ours(config.otlp_endpoint.clone()));
    }
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
        format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"),
    ]
    .iter()
    .any(|name| variable(name).is_some())
    .then_some(Endpoint::Variables)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
