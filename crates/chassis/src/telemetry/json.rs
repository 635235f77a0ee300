//! A line of the log as one JSON object, with the ids of the trace that it belongs to.
//!
//! `timestamp`, `level`, `target`, `message` and the line's own fields; `trace_id` and `span_id` where
//! there is a trace; `span` with the fields of all spans that the line stands in, the inner ones over the
//! outer ones, and the innermost's name.

use std::fmt;

use postlude_store::trace;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    registry::LookupSpan,
};

use super::log::is_for_tracers;

/// The format. Spans' fields must be formatted as JSON.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let metadata = event.metadata();
        line.insert("target".to_owned(), metadata.target().into());
        trace::with_current(|traceparent| {
            let mut parts = traceparent.split('-').skip(1);
            for key in ["trace_id", "span_id"] {
                if let Some(id) = parts.next() {
                    line.insert(key.to_owned(), id.into());
                }
            }
        });
        event.record(&mut Fields(&mut line));
        if let Some(span) = spans(context) {
            line.insert("span".to_owned(), span.into());
        }
        let text = serde_json::to_string(&line).map_err(|_unwritable| fmt::Error)?;
        // What people look for comes first.
        let rest = text.strip_prefix('{').unwrap_or_default();
        let level = metadata.level();
        writeln!(writer, r#"{{"timestamp":"{time}","level":"{level}",{rest}"#)
    }
}

fn spans<S, N>(context: &FmtContext<'_, S, N>) -> Option<Map<String, Value>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    let mut all = Map::new();
    for span in context.event_scope()?.from_root() {
        all.insert("name".to_owned(), span.name().into());
        let extensions = span.extensions();
        let fields = extensions.get::<FormattedFields<N>>();
        let fields = fields.and_then(|fields| serde_json::from_str(fields.as_str()).ok());
        if let Some(Value::Object(fields)) = fields {
            all.extend(fields.into_iter().filter(|(key, _)| !is_for_tracers(key)));
        }
    }
    Some(all)
}

/// Puts an event's fields into the line.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        // Raw identifiers lose their mark: `r#type`.
        let name = field.name().trim_start_matches("r#");
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
