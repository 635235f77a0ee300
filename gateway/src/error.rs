//! What the admin service and the key functions answer when they can't.

use postlude_chassis::secret::NoEntropy;
use postlude_kernel::{Fault, FaultKind, FieldViolation};
use postlude_store::StoreError;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tenant of that name is there already.
    #[error("there is a tenant `{0}` already")]
    TenantExists(String),
    /// No such tenant.
    #[error("there is no tenant `{0}`")]
    TenantNotFound(String),
    /// The text can't name a tenant.
    #[error("`{0}` can't name a tenant: 1 to 40 of a-z, 0-9 and -, and not `platform`")]
    TenantInvalid(String),
    /// No method of the contract needs this scope.
    #[error("there is no scope `{0}`")]
    ScopeUnknown(String),
    /// The caller gives what it hasn't.
    #[error("a key can't give the scope `{0}`, which it doesn't hold")]
    ScopeNotHeld(String),
    /// Another tenant's keys take more than `keys.manage`.
    #[error("another tenant's keys take the scope `platform.admin`")]
    NotPlatformAdmin,
    /// No such key, or not the caller's.
    #[error("there is no API key `{0}`")]
    ApiKeyNotFound(String),
    /// The expiry isn't a time, or lies in the past.
    #[error("`expire_time` must be a time in the future")]
    ExpireTime,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that doesn't read.
    #[error("a stored {0} doesn't read")]
    Corrupt(&'static str),
    /// No randomness for a secret.
    #[error("no secret for a new key")]
    Entropy(#[from] NoEntropy),
    /// The contract can't be shown.
    #[error("the contract can't be served by reflection")]
    Contract(#[source] tonic_reflection::server::Error),
}

impl Fault for Error {
    fn kind(&self) -> FaultKind {
        match self {
            Self::TenantExists(_) => FaultKind::AlreadyExists,
            Self::TenantNotFound(_) | Self::ApiKeyNotFound(_) => FaultKind::NotFound,
            Self::TenantInvalid(_) | Self::ScopeUnknown(_) | Self::ExpireTime => {
                FaultKind::InvalidArgument
            }
            Self::ScopeNotHeld(_) | Self::NotPlatformAdmin => FaultKind::PermissionDenied,
            Self::Store(error) => error.kind(),
            Self::Corrupt(_) | Self::Entropy(_) | Self::Contract(_) => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TenantExists(_) => "TENANT_EXISTS",
            Self::TenantNotFound(_) => "TENANT_NOT_FOUND",
            Self::TenantInvalid(_) => "TENANT_INVALID",
            Self::ScopeUnknown(_) => "SCOPE_UNKNOWN",
            Self::ScopeNotHeld(_) => "SCOPE_NOT_HELD",
            Self::NotPlatformAdmin => "SCOPE_MISSING",
            Self::ApiKeyNotFound(_) => "API_KEY_NOT_FOUND",
            Self::ExpireTime => "VALIDATION_FAILED",
            Self::Store(error) => error.reason(),
            Self::Corrupt(_) | Self::Entropy(_) | Self::Contract(_) => "INTERNAL",
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::TenantInvalid(_) => {
                vec![FieldViolation::new("tenant_id", self.to_string())]
            }
            Self::ScopeUnknown(_) => vec![FieldViolation::new("scopes", self.to_string())],
            Self::ExpireTime => vec![FieldViolation::new("expire_time", self.to_string())],
            Self::Store(error) => error.violations(),
            Self::TenantExists(_)
            | Self::TenantNotFound(_)
            | Self::ScopeNotHeld(_)
            | Self::NotPlatformAdmin
            | Self::ApiKeyNotFound(_)
            | Self::Corrupt(_)
            | Self::Entropy(_)
            | Self::Contract(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::TenantExists(_)
            | Self::TenantNotFound(_)
            | Self::TenantInvalid(_)
            | Self::ScopeUnknown(_)
            | Self::ScopeNotHeld(_)
            | Self::NotPlatformAdmin
            | Self::ApiKeyNotFound(_)
            | Self::ExpireTime
            | Self::Corrupt(_)
            | Self::Entropy(_)
            | Self::Contract(_) => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ScopeUnknown(scope) | Self::ScopeNotHeld(scope) => {
                vec![("scope", scope.clone())]
            }
            Self::NotPlatformAdmin => vec![("scope", crate::keys::PLATFORM_ADMIN.to_owned())],
            Self::TenantExists(_)
            | Self::TenantNotFound(_)
            | Self::TenantInvalid(_)
            | Self::ApiKeyNotFound(_)
            | Self::ExpireTime
            | Self::Store(_)
            | Self::Corrupt(_)
            | Self::Entropy(_)
            | Self::Contract(_) => Vec::new(),
        }
    }
}
