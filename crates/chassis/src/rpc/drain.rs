//! What becomes of an open stream when its service goes down.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::Stream;
use postlude_kernel::{Fault, FaultKind};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::Status;

use super::{Replies, Serving, status_of};

/// The service is going down.
#[derive(Debug, thiserror::Error)]
#[error("the service is shutting down; call again")]
pub(crate) struct Draining;

impl Fault for Draining {
    fn kind(&self) -> FaultKind {
        FaultKind::Unavailable
    }
    fn reason(&self) -> &'static str {
        "DRAINING"
    }
    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_millis(200))
    }
}

/// A stream that ends with UNAVAILABLE when its service drains, so that the client comes back to
/// another replica.
pub(crate) struct UntilDrained<R> {
    replies: Replies<R>,
    drained: Pin<Box<WaitForCancellationFutureOwned>>,
    service: &'static str,
    over: bool,
}

impl<R> UntilDrained<R> {
    pub(crate) fn new(
        replies: impl Stream<Item = Result<R, Status>> + Send + 'static,
        serving: Serving,
    ) -> Self {
        Self {
            replies: Box::pin(replies),
            drained: Box::pin(serving.stop.cancelled_owned()),
            service: serving.service,
            over: false,
        }
    }
}

impl<R> Stream for UntilDrained<R> {
    type Item = Result<R, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        match self.replies.as_mut().poll_next(context) {
            Poll::Ready(item) => {
                self.over = !matches!(item, Some(Ok(_)));
                Poll::Ready(item)
            }
            Poll::Pending => {
                std::task::ready!(self.drained.as_mut().poll(context));
                self.over = true;
                Poll::Ready(Some(Err(status_of(self.service, &Draining))))
            }
        }
    }
}
