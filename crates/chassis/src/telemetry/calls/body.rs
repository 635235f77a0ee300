//! A response's body that tells its call how it ended.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tonic::{Code, Status, body::Body};

use super::Call;

pub(super) struct Measured {
    inner: Body,
    call: Call,
}

impl Measured {
    pub(super) fn new(inner: Body, call: Call) -> Self {
        Self { inner, call }
    }
}

/// The code in headers or trailers.
pub(super) fn status_in(headers: &HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|value| Code::from_bytes(value.as_bytes()))
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
