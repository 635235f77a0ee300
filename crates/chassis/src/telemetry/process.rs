//! Telemetry of a process, from its start to its end.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    Layer as _, filter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::{
    LogConfig, LogLevel, OtlpError, TelemetryConfig, log, metrics,
    otlp::{self, resource},
};

/// What is still to be sent at the end may take this long.
const FLUSH: Duration = Duration::from_secs(3);

/// Telemetry can't be set up or changed.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none.
    #[error("`{0}` is no log filter; write for example `info` or `info,postlude_store=debug`")]
    Filter(String),
    /// Somebody else set logs up before.
    #[error("logs are set up already")]
    Twice,
    /// The collector can't be sent to.
    #[error(transparent)]
    Otlp(#[from] OtlpError),
}

/// Telemetry at work.
#[derive(Debug)]
#[must_use = "spans that wait are lost unless it is ended"]
pub struct Telemetry {
    /// Changes what is logged.
    pub log_level: LogLevel,
    tracer: Option<SdkTracerProvider>,
}

/// Sets logs, traces and metrics up for this process, before anything else is begun: what is measured
/// before isn't seen. `service` names the process to a collector.
///
/// Runs inside of the runtime, which sends what is to be sent.
///
/// # Errors
/// [`TelemetryError`] if the settings are wrong or it is set up already.
pub fn init(
    log: &LogConfig,
    telemetry: &TelemetryConfig,
    service: &str,
) -> Result<Telemetry, TelemetryError> {
    let (lines, log_level) = log::lines(log)?;
    let resource = resource(service);
    let tracer = otlp::tracer(telemetry, &resource)?;
    let spans = tracer.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("postlude"))
            // Parents are the spans that work is in, or are named; nothing else looks for them.
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(filter::filter_fn(is_traced))
    });
    let reader = otlp::reader(telemetry)?;
    tracing_subscriber::registry()
        .with(lines)
        .with(spans)
        .try_init()
        .map_err(|_set| TelemetryError::Twice)?;
    metrics::install(resource, reader);
    Ok(Telemetry { log_level, tracer })
}

/// Our own spans, and our own warnings inside of them. Nothing of the libraries, of which some carry what
/// is sent: their spans would be sent as well, and so on.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let least = if metadata.is_span() {
        Level::INFO
    } else {
        Level::WARN
    };
    metadata.target().starts_with("postlude") && *metadata.level() <= least
}

impl Telemetry {
    /// Sends what waits, and ends. Waits no longer than three seconds.
    pub async fn end(self) {
        let tracer = self.tracer;
        // Both wait for threads of their own, which need the runtime.
        let ended = tokio::task::spawn_blocking(move || {
            let traces = tracer.map_or(Ok(()), |tracer| tracer.shutdown_with_timeout(FLUSH));
            traces.and(metrics::end())
        });
        match tokio::time::timeout(FLUSH, ended).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last measurements weren't sent"),
            Ok(Err(error)) => tracing::warn!(%error, "the last measurements weren't sent"),
            Err(_elapsed) => tracing::warn!("the last measurements weren't sent in time"),
        }
    }
}
