//! Who calls, proven to every service: a token that lives for a minute at most.
//!
//! The gateway mints one for an authenticated key, a service for its own work; every service
//! checks it itself ([`Guard`](guard::Guard)), also when the call never leaves the process. How
//! people and programs authenticate from outside is the gateway's affair.

pub mod guard;
mod key;
mod keyring;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use http::HeaderValue;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use postlude_kernel::{Clock, Fault, FaultKind, TenantId};
use serde::{Deserialize, Serialize};

pub use key::{Key, KeyError, PublicKey};
pub use keyring::{KeySource, Keyring};

use crate::Caller;

/// The header that carries the token, between the gateway and services only.
pub const HEADER: &str = "x-postlude-identity";

/// How long a token lives.
pub const LIFETIME: Duration = Duration::from_secs(60);

/// How far two machines' clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(5);

const ISSUER: &str = "postlude";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    tenant: String,
    scopes: Vec<String>,
    /// Seconds since the epoch, as JWT has them.
    iat: i64,
    exp: i64,
}

/// Mints tokens.
#[derive(Clone)]
pub struct Signer {
    key: Arc<ArcSwap<EncodingKey>>,
    clock: Arc<dyn Clock>,
}

/// Checks tokens.
#[derive(Clone)]
pub struct Verifier {
    /// A token of any of these is taken.
    keys: Arc<ArcSwap<Vec<DecodingKey>>>,
    clock: Arc<dyn Clock>,
}

/// Why a call has no proven caller, or not one that may.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No token.
    #[error("the call carries no identity")]
    Missing,
    /// A token that no key of this platform signed, or that isn't one.
    #[error("the identity is not one of this platform's")]
    Invalid,
    /// A token past its time.
    #[error("the identity has expired")]
    Expired,
    /// The caller lacks the method's scope.
    #[error("the scope `{0}` is missing")]
    ScopeMissing(String),
    /// The method isn't in the contract.
    #[error("there is no method {0}")]
    MethodUnknown(String),
    /// The token can't be made.
    #[error("the identity can't be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

impl Fault for IdentityError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Missing | Self::Invalid | Self::Expired => FaultKind::Unauthenticated,
            Self::ScopeMissing(_) => FaultKind::PermissionDenied,
            // The guard answers UNIMPLEMENTED itself: no kind of the kernel stands for it.
            Self::MethodUnknown(_) => FaultKind::NotFound,
            Self::Sign(_) => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "IDENTITY_MISSING",
            Self::Invalid => "IDENTITY_INVALID",
            Self::Expired => "IDENTITY_EXPIRED",
            Self::ScopeMissing(_) => "SCOPE_MISSING",
            Self::MethodUnknown(_) => "METHOD_UNKNOWN",
            Self::Sign(_) => "INTERNAL",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ScopeMissing(scope) => vec![("scope", scope.clone())],
            Self::MethodUnknown(method) => vec![("method", method.clone())],
            Self::Missing | Self::Invalid | Self::Expired | Self::Sign(_) => Vec::new(),
        }
    }
}

impl Signer {
    /// Mints the token of a caller.
    ///
    /// # Errors
    /// [`IdentityError::Sign`] if the key can't sign.
    pub fn mint(&self, caller: &Caller) -> Result<HeaderValue, IdentityError> {
        let (now, _) = self.clock.now().to_seconds_nanos();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: caller.subject.clone(),
            tenant: caller.tenant.as_str().to_owned(),
            scopes: caller.scopes.clone(),
            iat: now,
            exp: now.saturating_add(seconds(LIFETIME)),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key.load())
            .map_err(IdentityError::Sign)?;
        let mut value = HeaderValue::from_str(&token).map_err(|_invalid| IdentityError::Invalid)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Verifier {
    /// Checks a token and gives the caller it proves.
    ///
    /// # Errors
    /// [`IdentityError`] by what is wrong with it.
    pub fn verify(&self, token: &[u8]) -> Result<Caller, IdentityError> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The time is ours to check: the platform's clock is a parameter.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.set_issuer(&[ISSUER]);
        let claims = self
            .keys
            .load()
            .iter()
            .find_map(|key| jsonwebtoken::decode::<Claims>(token, key, &validation).ok())
            .ok_or(IdentityError::Invalid)?
            .claims;
        let (now, _) = self.clock.now().to_seconds_nanos();
        let leeway = seconds(LEEWAY);
        let longest = seconds(LIFETIME);
        if claims.exp.saturating_sub(claims.iat) > longest || claims.iat > now + leeway {
            return Err(IdentityError::Invalid);
        }
        if claims.exp.saturating_add(leeway) <= now {
            return Err(IdentityError::Expired);
        }
        Ok(Caller {
            tenant: TenantId::parse(claims.tenant).map_err(|_invalid| IdentityError::Invalid)?,
            subject: claims.sub,
            scopes: claims.scopes,
        })
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}
