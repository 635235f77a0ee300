//! The trace that the current work belongs to, as W3C's `traceparent`.
//!
//! Where a tracer is set up (the chassis does it), each piece of work is a span and hands on its own
//! id. Where none is, it hands on what it was given. Either way the calls, events and log lines of one
//! piece of work name one trace.

use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt as _, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

tokio::task_local! {
    static TRACEPARENT: String;
}

/// Runs work as part of a trace, if there is one; events that it emits carry it.
pub async fn scope<F: Future>(traceparent: Option<String>, work: F) -> F::Output {
    match traceparent {
        Some(traceparent) => TRACEPARENT.scope(traceparent, work).await,
        None => work.await,
    }
}

/// The same for work that doesn't wait.
pub fn sync_scope<T>(traceparent: Option<String>, work: impl FnOnce() -> T) -> T {
    match traceparent {
        Some(traceparent) => TRACEPARENT.sync_scope(traceparent, work),
        None => work(),
    }
}

/// The `traceparent` of the work that runs now.
#[must_use]
pub fn current() -> Option<String> {
    TRACEPARENT.try_with(Clone::clone).ok()
}

/// Reads the `traceparent` of the work that runs now, where there is one.
pub fn with_current<T>(read: impl FnOnce(&str) -> T) -> Option<T> {
    TRACEPARENT.try_with(|text| read(text)).ok()
}

/// Makes `parent` the parent of a span that has not begun, and answers what the span's work hands on:
/// the span itself, or without a tracer the parent.
#[must_use]
pub fn adopt(span: &Span, parent: Option<String>) -> Option<String> {
    if let Some(remote) = parent.as_deref().and_then(parse) {
        // Without a tracer there is nothing to tell.
        let _ = span.set_parent(Context::new().with_remote_span_context(remote));
    }
    own(span).or(parent)
}

/// What the work of a span inside of this work hands on: the span itself, or without a tracer what
/// this work was given.
#[must_use]
pub fn inside(span: &Span) -> Option<String> {
    own(span).or_else(current)
}

/// Keeps a span that has not begun, and all that it leads to, out of the traces: work that nobody asked
/// for and that comes again every second.
pub fn mute(span: &Span) {
    let nobody = SpanContext::new(
        TraceId::from(1),
        SpanId::from(1),
        TraceFlags::default(),
        true,
        TraceState::NONE,
    );
    let _ = span.set_parent(Context::new().with_remote_span_context(nobody));
}

/// Whether a text is a `traceparent` that a trace can go on from.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    parse(text).is_some()
}

fn own(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let own = span.span_context();
    own.is_valid().then(|| {
        format!(
            "00-{}-{}-{:02x}",
            own.trace_id(),
            own.span_id(),
            own.trace_flags().to_u8()
        )
    })
}

/// Version 00, and what later versions have in common with it.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace = hex(parts.next()?, 32)?;
    let span = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1),
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

fn hex(text: &str, length: usize) -> Option<&str> {
    let lower = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == length && text.bytes().all(lower)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn reads_what_w3c_writes() {
        for (text, valid) in [
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                true,
            ),
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
                true,
            ),
            (
                "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                true,
            ),
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                false,
            ),
            (
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                false,
            ),
            (
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                false,
            ),
            (
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                false,
            ),
            (
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                false,
            ),
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(is_valid(text), valid, "{text}");
        }
    }
}
