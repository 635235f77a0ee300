//! Logs: lines for people or for machines, and a filter that changes while the process runs.

use std::{io::IsTerminal as _, sync::Arc};

use serde::Deserialize;
use tracing::field::Field;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    field::MakeExt as _,
    fmt::{self, format},
    reload,
};

use super::{TelemetryError, json::Json};

/// How a line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One object a line.
    Json,
}

/// The section `[log]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Filter: `info`, or `info,postlude_store=debug`.
    pub level: String,
    /// How a line looks.
    pub format: Format,
}

type Reload = dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync;

/// Reads and changes the filter while the process runs.
#[derive(Clone)]
pub struct LogLevel {
    current: Arc<std::sync::Mutex<String>>,
    reload: Arc<Reload>,
}

impl LogLevel {
    /// The filter in force.
    #[must_use]
    pub fn get(&self) -> String {
        self.current
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Puts another filter in force.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`] if the text is none.
    pub fn set(&self, text: &str) -> Result<(), TelemetryError> {
        (self.reload)(filter(text)?).map_err(|_gone| TelemetryError::Twice)?;
        text.clone_into(
            &mut self
                .current
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        Ok(())
    }
}

impl std::fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogLevel").field(&self.get()).finish()
    }
}

fn filter(text: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(text).map_err(|_invalid| TelemetryError::Filter(text.to_owned()))
}

/// The layer that writes lines to standard error (standard output belongs to commands), with a filter of
/// its own: what is logged and what is traced are two decisions.
pub(super) fn lines(
    config: &LogConfig,
) -> Result<(impl Layer<Registry> + Send + Sync + use<>, LogLevel), TelemetryError> {
    let (filter, handle) = reload::Layer::<EnvFilter, Registry>::new(filter(&config.level)?);
    let pretty = match config.format {
        Format::Pretty => true,
        Format::Json => false,
        Format::Auto => std::io::stderr().is_terminal(),
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if pretty {
        lines
            .fmt_fields(format::debug_fn(for_people).delimited(" "))
            .boxed()
    } else {
        lines
            .fmt_fields(format::JsonFields::new())
            .event_format(Json)
            .boxed()
    };
    let level = LogLevel {
        current: Arc::new(std::sync::Mutex::new(config.level.clone())),
        reload: Arc::new(move |filter| handle.reload(filter)),
    };
    Ok((lines.with_filter(filter), level))
}

/// Words for tracers alone are left out.
fn for_people(
    writer: &mut format::Writer<'_>,
    field: &Field,
    value: &dyn std::fmt::Debug,
) -> std::fmt::Result {
    match field.name() {
        "message" => write!(writer, "{value:?}"),
        name if is_for_tracers(name) => Ok(()),
        name => write!(writer, "{name}={value:?}"),
    }
}

/// Whether a field says only to a tracer something.
pub(super) fn is_for_tracers(field: &str) -> bool {
    field.starts_with("otel.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::{
        Layer as _,
        fmt::{self, format},
        layer::SubscriberExt as _,
    };

    use super::Json;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_object_with_the_ids_of_its_trace() {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = fmt::layer()
            .with_writer(move || writer.clone())
            .fmt_fields(format::JsonFields::new())
            .event_format(Json)
            .boxed();
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let outer = tracing::info_span!("call", service = "returns", otel.kind = "server");
            let inner = outer.in_scope(|| tracing::info_span!("plugin", fuel = 7));
            postlude_store::trace::sync_scope(Some(parent.to_owned()), || {
                inner.in_scope(|| tracing::warn!(attempt = 2, "slow"));
            });
            tracing::info!("alone");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [first, second] = lines.as_slice() else {
            unreachable!("{text}")
        };
        let at = |pointer: &str| first.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/level"), "WARN");
        assert_eq!(at("/message"), "slow");
        assert_eq!(at("/attempt"), 2);
        assert_eq!(at("/trace_id"), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(at("/span_id"), "b7ad6b7169203331");
        assert_eq!(at("/span/name"), "plugin");
        assert_eq!(at("/span/service"), "returns");
        assert_eq!(at("/span/fuel"), 7);
        assert_eq!(first.pointer("/span/otel.kind"), None);
        assert_eq!(second.pointer("/trace_id"), None);
        assert_eq!(second.pointer("/span"), None);
    }
}
