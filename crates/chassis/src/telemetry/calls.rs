//! One call, measured: a span, a count by code, a duration.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Frame;
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use tracing::Span;

use super::metrics;

/// The contract's paths, as names that live as long as the process.
static PATHS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| postlude_proto::methods().map(|(path, _)| path).collect());

/// A call that runs. Dropped without an end (the caller went away), it counts as CANCELLED.
#[derive(Debug)]
pub struct Call {
    service: &'static str,
    method: &'static str,
    started: Instant,
    span: Span,
    counted: bool,
}

impl Call {
    /// A call to `path` begins. Paths outside of the contract share one name.
    #[must_use]
    pub fn begin(service: &'static str, path: &str) -> Self {
        let method = PATHS.get(path).copied().unwrap_or("unknown");
        Self {
            service,
            method,
            started: Instant::now(),
            span: tracing::info_span!(
                "call",
                service,
                rpc.system = "grpc",
                rpc.method = method.trim_start_matches('/')
            ),
            counted: false,
        }
    }

    /// The call's span.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call has a response; it ends when that has been sent.
    #[must_use]
    pub fn finish(mut self, response: Response<Body>) -> Response<Body> {
        if let Some(code) = status_in(response.headers()) {
            self.count(code);
            return response;
        }
        response.map(|inner| Body::new(Measured { inner, call: self }))
    }

    fn count(&mut self, code: Code) {
        if self.counted {
            return;
        }
        self.counted = true;
        let took = self.started.elapsed();
        metrics::record(self.service, self.method, code, took);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(
            parent: &self.span,
            rpc.response.status_code = metrics::code_name(code),
            micros,
            "done"
        );
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.count(Code::Cancelled);
    }
}

fn status_in(headers: &HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|value| Code::from_bytes(value.as_bytes()))
}

/// A body that tells its call how it ended.
struct Measured {
    inner: Body,
    call: Call,
}

impl http_body::Body for Measured {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(frame) = &polled {
            match frame {
                Some(Ok(frame)) => {
                    if let Some(trailers) = frame.trailers_ref() {
                        let code = status_in(trailers).unwrap_or(Code::Unknown);
                        self.call.count(code);
                    }
                }
                Some(Err(status)) => self.call.count(status.code()),
                None => self.call.count(Code::Ok),
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
