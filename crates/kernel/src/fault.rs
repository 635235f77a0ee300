//! What went wrong, in words that no transport owns.

use std::time::Duration;

/// The kind of an error; the chassis maps each to one gRPC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The request breaks a rule that doesn't depend on state.
    InvalidArgument,
    /// What was named isn't there, or isn't the caller's.
    NotFound,
    /// What was to be made is there already.
    AlreadyExists,
    /// The state doesn't allow it; the same call may work later.
    FailedPrecondition,
    /// The caller may not.
    PermissionDenied,
    /// The caller isn't known.
    Unauthenticated,
    /// Too much at once; try again later.
    ResourceExhausted,
    /// Others were faster, again and again; try again.
    Aborted,
    /// A dependency can't be reached; try again.
    Unavailable,
    /// It took longer than the caller allows.
    DeadlineExceeded,
    /// A bug or a broken store. Detail goes to the log and never to the caller.
    Internal,
}

impl FaultKind {
    /// Whether the same work may succeed when it is tried again, unchanged.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        match self {
            Self::ResourceExhausted
            | Self::Aborted
            | Self::Unavailable
            | Self::DeadlineExceeded
            | Self::Internal => true,
            Self::InvalidArgument
            | Self::NotFound
            | Self::AlreadyExists
            | Self::FailedPrecondition
            | Self::PermissionDenied
            | Self::Unauthenticated => false,
        }
    }
}

/// A field of a request and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field in the request: `order.lines[2].quantity`.
    pub field: String,
    /// The rule, as a sentence.
    pub description: String,
}

impl FieldViolation {
    /// A violation.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
        }
    }
}

/// An error that knows what to tell a caller. Every service's `Error` is one.
///
/// `Display` is what the caller reads, unless the kind is `Internal`: then it is only logged.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> FaultKind;
    /// The reason: stable, UPPER_SNAKE, with a page in docs/errors.
    fn reason(&self) -> &'static str;
    /// The fields that are wrong, for `InvalidArgument`.
    fn violations(&self) -> Vec<FieldViolation> {
        Vec::new()
    }
    /// When to try again, where trying again makes sense.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
    /// Facts for programs: the missing scope, the quantity that is left.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}
