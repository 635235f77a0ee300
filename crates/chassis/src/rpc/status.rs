//! Error → status, in one place.

use std::collections::HashMap;

use postlude_kernel::{Fault, FaultKind};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

tokio::task_local! {
    /// The service whose call is running in this task.
    pub(crate) static SERVICE: &'static str;
}

/// The gRPC code of a kind.
#[must_use]
pub const fn code(kind: FaultKind) -> Code {
    match kind {
        FaultKind::InvalidArgument => Code::InvalidArgument,
        FaultKind::NotFound => Code::NotFound,
        FaultKind::AlreadyExists => Code::AlreadyExists,
        FaultKind::FailedPrecondition => Code::FailedPrecondition,
        FaultKind::PermissionDenied => Code::PermissionDenied,
        FaultKind::Unauthenticated => Code::Unauthenticated,
        FaultKind::ResourceExhausted => Code::ResourceExhausted,
        FaultKind::Aborted => Code::Aborted,
        FaultKind::Unavailable => Code::Unavailable,
        FaultKind::DeadlineExceeded => Code::DeadlineExceeded,
        FaultKind::Internal => Code::Internal,
    }
}

/// The status of an error inside a call; the domain is that of the service it runs in.
pub fn status<E: Fault + ?Sized>(error: &E) -> Status {
    let service = SERVICE.try_with(|name| *name).unwrap_or("platform");
    status_of(service, error)
}

/// The status of an error of `service`: code, `ErrorInfo`, and where they say something
/// `BadRequest` and `RetryInfo`.
///
/// What is `Internal` is logged here, once, with its causes; the caller learns only that.
pub fn status_of<E: Fault + ?Sized>(service: &str, error: &E) -> Status {
    let kind = error.kind();
    let hidden = match kind {
        FaultKind::Internal => true,
        FaultKind::InvalidArgument
        | FaultKind::NotFound
        | FaultKind::AlreadyExists
        | FaultKind::FailedPrecondition
        | FaultKind::PermissionDenied
        | FaultKind::Unauthenticated
        | FaultKind::ResourceExhausted
        | FaultKind::Aborted
        | FaultKind::Unavailable
        | FaultKind::DeadlineExceeded => false,
    };
    let metadata: HashMap<String, String> = if hidden {
        HashMap::new()
    } else {
        error
            .metadata()
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    };
    let mut details = ErrorDetails::new();
    details.set_error_info(error.reason(), format!("{service}.postlude"), metadata);
    if hidden {
        tracing::error!(service, reason = error.reason(), error = %causes(error), "internal error");
        return Status::with_error_details(
            code(kind),
            "an internal error; its detail is in the platform's log",
            details,
        );
    }
    let violations: Vec<FieldViolation> = error
        .violations()
        .into_iter()
        .map(|violation| FieldViolation::new(violation.field, violation.description))
        .collect();
    if !violations.is_empty() {
        details.set_bad_request(violations);
    }
    if let Some(after) = error.retry_after() {
        details.set_retry_info(Some(after));
    }
    if error.source().is_some() {
        tracing::debug!(service, reason = error.reason(), error = %causes(error), "call failed");
    }
    Status::with_error_details(code(kind), error.to_string(), details)
}

/// The error and everything behind it, in one line.
pub(crate) fn causes<E: Fault + ?Sized>(error: &E) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
