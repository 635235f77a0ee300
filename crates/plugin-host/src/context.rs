//! What every hook is told of the world, and how every answer gives its reasons.

use postlude_kernel::{TenantId, Timestamp};
use postlude_proto::runs::v1::{self as proto, PolicyReason};
use sha2::{Digest as _, Sha256};

/// What a policy needs from the world, as data: the same call gets the same context.
///
/// The host adds chance to it: a hash of the tenant, the subject and the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallContext {
    /// What the call is about: an order's number, for example. Runs are listed by it.
    pub subject: String,
    /// The time of the call.
    pub now: Timestamp,
    /// Language of the reasons' texts, BCP 47; `en` if it isn't known.
    pub locale: String,
    /// Minutes that the customer's clock is ahead of UTC; 0 if it isn't known.
    pub utc_offset_minutes: i32,
}

/// Why something was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable, `UPPER_SNAKE`, meant for programs.
    pub code: String,
    /// One sentence, meant for people.
    pub text: String,
}

impl CallContext {
    /// The recorded form, with chance made of what the call is about.
    pub(crate) fn message<'a>(
        &self,
        tenant: &TenantId,
        parts: impl IntoIterator<Item = &'a str>,
    ) -> proto::CallContext {
        proto::CallContext {
            now_micros: self.now.as_micros(),
            seed: seed(tenant, &self.subject, parts),
            locale: self.locale.clone(),
            utc_offset_minutes: self.utc_offset_minutes,
        }
    }
}

impl Reason {
    /// The recorded form.
    pub(crate) fn message(&self) -> PolicyReason {
        PolicyReason {
            code: self.code.clone(),
            text: self.text.clone(),
        }
    }
}

/// Chance as data: the same tenant, subject and parts have the same.
fn seed<'a>(tenant: &TenantId, subject: &str, parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    part(tenant.as_str());
    part(subject);
    parts.into_iter().for_each(&mut part);
    hash.finalize()
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}
