//! What a client streams in.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use postlude_kernel::{Fault, FaultKind};
use tonic::{Code, Status, Streaming};

/// The elements of a client's stream, as they come.
#[derive(Debug)]
pub struct Incoming<M>(Streaming<M>);

/// The client's stream broke off or held something that is no message.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The client went away or the connection did.
    #[error("the stream broke off before its end")]
    Cut,
    /// An element is larger than a message may be.
    #[error("an element of the stream is larger than a message may be: {0}")]
    TooLarge(String),
    /// An element isn't the message that the contract names.
    #[error("an element of the stream can't be read: {0}")]
    Unreadable(String),
}

impl<M> Incoming<M> {
    pub(crate) const fn new(streaming: Streaming<M>) -> Self {
        Self(streaming)
    }

    /// The next element; `None` at the end.
    ///
    /// # Errors
    /// [`Broken`], after which nothing more comes.
    pub async fn message(&mut self) -> Result<Option<M>, Broken> {
        self.0.message().await.map_err(Broken::from_status)
    }
}

impl<M> Stream for Incoming<M> {
    type Item = Result<M, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0)
            .poll_next(context)
            .map_err(Broken::from_status)
    }
}

impl Broken {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "stands where map_err wants a function of the error"
    )]
    fn from_status(status: Status) -> Self {
        match status.code() {
            Code::OutOfRange | Code::ResourceExhausted => {
                Self::TooLarge(status.message().to_owned())
            }
            Code::Internal | Code::InvalidArgument | Code::Unimplemented => {
                Self::Unreadable(status.message().to_owned())
            }
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::Unavailable
            | Code::DataLoss
            | Code::Unauthenticated => Self::Cut,
        }
    }
}

impl Fault for Broken {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Cut => FaultKind::Unavailable,
            Self::TooLarge(_) => FaultKind::ResourceExhausted,
            Self::Unreadable(_) => FaultKind::InvalidArgument,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Cut => "STREAM_BROKEN",
            Self::TooLarge(_) => "MESSAGE_TOO_LARGE",
            Self::Unreadable(_) => "MESSAGE_UNREADABLE",
        }
    }
}
