//! The response's body on its way back: it ends with a status, whatever happens behind.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};

use super::{adaptive::Inside, refusal::Refusal};

/// The call's place in the gateway and, a unary one's, in the service.
pub(super) type Places = (OwnedSemaphorePermit, Option<Inside>);

/// A body that keeps the call's place until it has ended.
pub(super) struct Relayed {
    inner: Body,
    service: String,
    until: Pin<Box<Sleep>>,
    /// Streams only: a unary call is finished while the gateway drains.
    drained: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    over: bool,
    _room: Places,
}

impl Relayed {
    pub(super) fn new(
        inner: Body,
        service: String,
        until: Instant,
        drained: Option<CancellationToken>,
        room: Places,
    ) -> Self {
        Self {
            inner,
            service,
            until: Box::pin(sleep_until(until)),
            drained: drained.map(|token| Box::pin(token.cancelled_owned())),
            over: false,
            _room: room,
        }
    }

    fn end_with(&mut self, refusal: &Refusal) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.over = true;
        // Let go of the upstream now, not when the client has read the end.
        self.inner = Body::empty();
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(match refusal.status().add_header(&mut trailers) {
            Ok(()) => Ok(Frame::trailers(trailers)),
            Err(status) => Err(status),
        }))
    }
}

/// Whether these headers or trailers are the library's word for a deadline.
pub(super) fn is_timeout(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    is("grpc-status", "1") && is("grpc-message", "Timeout%20expired")
}

impl http_body::Body for Relayed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let timeout = frame.trailers_ref().map(is_timeout);
                self.over = timeout.is_some();
                if timeout == Some(true) {
                    return self.end_with(&Refusal::DeadlineExceeded);
                }
                return Poll::Ready(Some(Ok(frame)));
            }
            Poll::Ready(None) => {
                // Without trailers: the connection to the upstream broke.
                let service = self.service.clone();
                return self.end_with(&Refusal::UpstreamUnavailable(service));
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(service = self.service, %error, "an upstream broke off");
                let service = self.service.clone();
                return self.end_with(&Refusal::UpstreamUnavailable(service));
            }
            Poll::Pending => {}
        }
        if self.until.as_mut().poll(context).is_ready() {
            return self.end_with(&Refusal::DeadlineExceeded);
        }
        let drained = self
            .drained
            .as_mut()
            .is_some_and(|drained| drained.as_mut().poll(context).is_ready());
        if drained {
            return self.end_with(&Refusal::Draining);
        }
        Poll::Pending
    }
}
