//! Why a call doesn't get through.

use std::time::Duration;

use postlude_chassis::{
    identity::{IdentityError, guard},
    rpc,
};
use postlude_kernel::{Fault, FaultKind};
use tonic::Status;

use crate::{NAME, error::Error};

/// Why not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// No key.
    #[error("no credentials: send `authorization: Bearer plk_…`")]
    CredentialsMissing,
    /// Not a key of this platform.
    #[error("the API key is not one of this platform's")]
    CredentialsInvalid,
    /// A key that was revoked.
    #[error("the API key was revoked")]
    KeyRevoked,
    /// A key past its time.
    #[error("the API key has expired")]
    KeyExpired,
    /// The key lacks the method's scope.
    #[error("the API key lacks the scope `{0}`")]
    ScopeMissing(String),
    /// The key calls more often than it may.
    #[error("too many calls by this API key")]
    RateLimited(Duration),
    /// Too many calls inside.
    #[error("too many calls at once; try again")]
    Overloaded,
    /// Took too long.
    #[error("the call took longer than its deadline")]
    DeadlineExceeded,
    /// A request message above the limit.
    #[error("a request message of {size} bytes is above the limit of {limit} bytes")]
    TooLarge {
        /// Its size, from its own header.
        size: u32,
        /// The limit.
        limit: u32,
    },
    /// Not a method that can be called from outside.
    #[error("there is no method {0}")]
    MethodUnknown(String),
    /// The service can't be reached.
    #[error("the service `{0}` can't be reached now")]
    UpstreamUnavailable(String),
    /// The gateway goes down.
    #[error("the gateway is shutting down; call again")]
    Draining,
    /// No identity could be minted.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The keys can't be read.
    #[error(transparent)]
    Keys(#[from] Error),
}

impl Refusal {
    /// What the caller is told.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::MethodUnknown(path) => guard::unimplemented(NAME, path),
            Self::CredentialsMissing
            | Self::CredentialsInvalid
            | Self::KeyRevoked
            | Self::KeyExpired
            | Self::ScopeMissing(_)
            | Self::RateLimited(_)
            | Self::Overloaded
            | Self::DeadlineExceeded
            | Self::TooLarge { .. }
            | Self::UpstreamUnavailable(_)
            | Self::Draining
            | Self::Identity(_)
            | Self::Keys(_) => rpc::status_of(NAME, self),
        }
    }
}

impl Fault for Refusal {
    fn kind(&self) -> FaultKind {
        match self {
            Self::CredentialsMissing
            | Self::CredentialsInvalid
            | Self::KeyRevoked
            | Self::KeyExpired => FaultKind::Unauthenticated,
            Self::ScopeMissing(_) => FaultKind::PermissionDenied,
            Self::RateLimited(_) | Self::Overloaded | Self::TooLarge { .. } => {
                FaultKind::ResourceExhausted
            }
            Self::DeadlineExceeded => FaultKind::DeadlineExceeded,
            Self::MethodUnknown(_) => FaultKind::NotFound,
            Self::UpstreamUnavailable(_) | Self::Draining => FaultKind::Unavailable,
            Self::Identity(error) => error.kind(),
            Self::Keys(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::CredentialsMissing => "CREDENTIALS_MISSING",
            Self::CredentialsInvalid => "CREDENTIALS_INVALID",
            Self::KeyRevoked => "API_KEY_REVOKED",
            Self::KeyExpired => "API_KEY_EXPIRED",
            Self::ScopeMissing(_) => "SCOPE_MISSING",
            Self::RateLimited(_) => "RATE_LIMITED",
            Self::Overloaded => "OVERLOADED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::TooLarge { .. } => "MESSAGE_TOO_LARGE",
            Self::MethodUnknown(_) => "METHOD_UNKNOWN",
            Self::UpstreamUnavailable(_) => "UPSTREAM_UNAVAILABLE",
            Self::Draining => "DRAINING",
            Self::Identity(error) => error.reason(),
            Self::Keys(error) => error.reason(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(wait) => Some(*wait),
            Self::Overloaded => Some(Duration::from_millis(250)),
            Self::UpstreamUnavailable(_) => Some(Duration::from_millis(500)),
            Self::Draining => Some(Duration::from_millis(200)),
            Self::Keys(error) => error.retry_after(),
            Self::CredentialsMissing
            | Self::CredentialsInvalid
            | Self::KeyRevoked
            | Self::KeyExpired
            | Self::ScopeMissing(_)
            | Self::DeadlineExceeded
            | Self::TooLarge { .. }
            | Self::MethodUnknown(_)
            | Self::Identity(_) => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ScopeMissing(scope) => vec![("scope", scope.clone())],
            Self::TooLarge { size, limit } => {
                vec![("size", size.to_string()), ("limit", limit.to_string())]
            }
            Self::UpstreamUnavailable(service) => vec![("service", service.clone())],
            Self::Identity(error) => error.metadata(),
            Self::Keys(error) => error.metadata(),
            Self::CredentialsMissing
            | Self::CredentialsInvalid
            | Self::KeyRevoked
            | Self::KeyExpired
            | Self::RateLimited(_)
            | Self::Overloaded
            | Self::DeadlineExceeded
            | Self::MethodUnknown(_)
            | Self::Draining => Vec::new(),
        }
    }
}
