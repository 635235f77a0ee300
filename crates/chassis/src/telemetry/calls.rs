//! One call, measured, by who answers it or by who makes it: a span, a duration by status code, and how
//! many are under way.

mod body;
mod meter;

use std::{collections::HashSet, sync::LazyLock};

use http::{HeaderMap, HeaderValue, Response};
use postlude_store::trace;
use tokio::time::Instant;
use tonic::{Code, body::Body};
use tracing::{Instrument as _, Span, field::Empty};

use super::metrics::code_name;
use crate::trace::HEADER;
use body::{Measured, status_in};

/// The contract's paths, as names that live as long as the process.
static PATHS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| postlude_proto::methods().map(|(path, _)| path).collect());

/// A call that runs. Dropped without an end (the caller went away), it counts as CANCELLED.
#[derive(Debug)]
pub struct Call {
    side: Side,
    method: &'static str,
    started: Instant,
    span: Span,
    /// What the work of this call hands on.
    traceparent: Option<String>,
    counted: bool,
}

/// Who measures.
#[derive(Debug, Clone)]
enum Side {
    /// The service that answers.
    Server(&'static str),
    /// Whoever asks this service.
    Client(String),
}

/// Paths outside of the contract share one name.
fn method_of(path: &str) -> &'static str {
    PATHS
        .get(path)
        .map_or("_OTHER", |path| path.trim_start_matches('/'))
}

impl Call {
    /// A call to `path` is to be answered by `service`; `parent` is what its caller handed on.
    #[must_use]
    pub fn answer(service: &'static str, path: &str, parent: Option<String>) -> Self {
        let (method, span) = Self::server_span(service, path);
        let traceparent = trace::adopt(&span, parent);
        Self::begin(Side::Server(service), method, span, traceparent)
    }

    /// The same for a call that no trace leads to and that begins none: what services ask each other
    /// every second.
    #[must_use]
    pub fn answer_unseen(service: &'static str, path: &str) -> Self {
        let (method, span) = Self::server_span(service, path);
        trace::mute(&span);
        Self::begin(Side::Server(service), method, span, None)
    }

    /// A call to `path` is to be asked of `service`, as part of the work that runs now.
    #[must_use]
    pub fn ask(service: &str, path: &str) -> Self {
        let method = method_of(path);
        let span = if trace::with_current(|_| ()).is_some() {
            tracing::info_span!(
                "ask",
                postlude.upstream = service,
                otel.kind = "client",
                otel.name = method,
                rpc.system.name = "grpc",
                rpc.method = method,
                rpc.response.status_code = Empty,
                otel.status_code = Empty,
                error.type = Empty,
            )
        } else {
            Span::none()
        };
        let traceparent = trace::inside(&span);
        Self::begin(Side::Client(service.to_owned()), method, span, traceparent)
    }

    fn server_span(service: &'static str, path: &str) -> (&'static str, Span) {
        let method = method_of(path);
        let span = tracing::info_span!(
            parent: None,
            "call",
            service,
            otel.kind = "server",
            otel.name = method,
            rpc.system.name = "grpc",
            rpc.method = method,
            rpc.response.status_code = Empty,
            otel.status_code = Empty,
            error.type = Empty,
        );
        (method, span)
    }

    fn begin(side: Side, method: &'static str, span: Span, traceparent: Option<String>) -> Self {
        meter::under_way(&side, 1);
        Self {
            side,
            method,
            started: Instant::now(),
            span,
            traceparent,
            counted: false,
        }
    }

    /// Whether the call belongs to a trace.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.traceparent.is_some()
    }

    /// Makes the call part of a trace that nobody began, so that its log lines can be found together.
    pub fn join(&mut self, traceparent: String) {
        self.traceparent = Some(traceparent);
    }

    /// Puts the call's trace into a request, over what was there.
    pub fn write(&self, headers: &mut HeaderMap) {
        let value = self
            .traceparent
            .as_ref()
            .and_then(|text| HeaderValue::from_str(text).ok());
        match value {
            Some(value) => headers.insert(HEADER, value),
            None => headers.remove(HEADER),
        };
    }

    /// Runs the call's work as part of its span and trace.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        // Boxed, so that the futures around it don't grow with each call inside of a call.
        let work = Box::pin(work.instrument(self.span.clone()));
        trace::scope(self.traceparent.clone(), work).await
    }

    /// The call has a response; it ends when that has been sent.
    #[must_use]
    pub fn finish(mut self, response: Response<Body>) -> Response<Body> {
        if let Some(code) = status_in(response.headers()) {
            self.count(code);
            return response;
        }
        response.map(|inner| Body::new(Measured::new(inner, self)))
    }

    /// The call has no response.
    pub fn fail(mut self, code: Code) {
        self.count(code);
    }

    fn count(&mut self, code: Code) {
        if self.counted {
            return;
        }
        self.counted = true;
        let took = self.started.elapsed();
        let name = code_name(code);
        meter::done(&self.side, self.method, code, took);
        meter::under_way(&self.side, -1);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // A span ends when it was left last.
        trace::sync_scope(self.traceparent.clone(), || {
            self.span.in_scope(|| {
                self.span.record("rpc.response.status_code", name);
                if meter::is_error(&self.side, code) {
                    self.span.record("otel.status_code", "ERROR");
                    self.span.record("error.type", name);
                }
                tracing::debug!(micros, "done");
            });
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.count(Code::Cancelled);
    }
}
