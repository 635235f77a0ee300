//! Errors that the gRPC library makes itself, before a handler runs: unreadable or oversized
//! messages, unknown methods. Our own statuses always carry details; these never do.

use http::Response;
use postlude_kernel::{Fault, FaultKind};
use tonic::{Code, Status, body::Body};

use crate::rpc;

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the request can't be read as the message that the method takes")]
    Unreadable,
    #[error("the message is larger than the service takes: {0}")]
    TooLarge(String),
}

impl Fault for Refused {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Unreadable => FaultKind::InvalidArgument,
            Self::TooLarge(_) => FaultKind::ResourceExhausted,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable => "MESSAGE_UNREADABLE",
            Self::TooLarge(_) => "MESSAGE_TOO_LARGE",
        }
    }
}

/// Gives such an error the code and the details that a caller can act on.
pub(super) fn tidy(service: &'static str, response: Response<Body>) -> Response<Body> {
    let headers = response.headers();
    let ours = headers.contains_key("grpc-status-details-bin");
    let Some(status) = Status::from_header_map(headers).filter(|_| !ours) else {
        return response;
    };
    let refused = match status.code() {
        // A body that is no such message, or none at all.
        Code::Internal | Code::InvalidArgument => Refused::Unreadable,
        Code::OutOfRange | Code::ResourceExhausted => {
            Refused::TooLarge(status.message().to_owned())
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
        | Code::Unimplemented
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => return response,
    };
    rpc::status_of(service, &refused).into_http()
}
