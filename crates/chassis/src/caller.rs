//! Who calls.

use postlude_kernel::TenantId;
use postlude_proto::INTERNAL_SCOPE;

/// A caller as a service sees it: proven by the identity token, never by a field of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant that everything in this call belongs to.
    pub tenant: TenantId,
    /// `key:<id>` for an API key, `svc:<name>` for a service.
    pub subject: String,
    /// What the caller may do.
    pub scopes: Vec<String>,
}

impl Caller {
    /// A service at work for a tenant with nobody asking: a timer, a consumer.
    ///
    /// It holds every scope of the contract and the one that only services have.
    #[must_use]
    pub fn service(name: &str, tenant: TenantId) -> Self {
        let scopes = postlude_proto::scopes()
            .into_iter()
            .chain([INTERNAL_SCOPE])
            .map(str::to_owned)
            .collect();
        Self {
            tenant,
            subject: format!("svc:{name}"),
            scopes,
        }
    }

    /// Whether it is a service.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.subject.starts_with("svc:")
    }

    /// Whether it holds a scope.
    #[must_use]
    pub fn holds(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}
