//! What the registry would say of a bundle, for the author's own tools: the same checks, on the
//! author's machine.

use postlude_kernel::TenantId;
use postlude_plugin_host::{Component, FixtureError, Host};

use crate::{
    bundle::{self, Bundle, Limits, fixtures},
    config::Config,
    error::BundleError,
};

/// A bundle that the registry would take, if its examples pass.
#[derive(Debug)]
pub struct Draft(Bundle);

impl Draft {
    /// Opens a bundle and checks all of it but its examples, with the limits that a registry has
    /// unless its operator says otherwise.
    ///
    /// # Errors
    /// [`BundleError`] that says what is wrong and where.
    pub fn open(bytes: &[u8]) -> Result<Self, BundleError> {
        let limits = Limits {
            component_bytes: Config::default().max_component_bytes,
        };
        Ok(Self(bundle::open(bytes, limits)?))
    }

    /// The plugin.
    #[must_use]
    pub fn plugin_id(&self) -> &str {
        &self.0.manifest.id
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> String {
        self.0.version.to_string()
    }

    /// The hooks that it answers.
    #[must_use]
    pub fn hooks(&self) -> Vec<&'static str> {
        self.0.hooks.iter().map(|hook| hook.name()).collect()
    }

    /// Digest of its component.
    #[must_use]
    pub fn component_digest(&self) -> &str {
        &self.0.component_digest
    }

    /// Bytes of its component.
    #[must_use]
    pub fn component_size(&self) -> usize {
        self.0.component.len()
    }

    /// Its default configuration, JSON.
    #[must_use]
    pub fn default_config(&self) -> &str {
        &self.0.default_config
    }

    /// How many examples it brings along.
    #[must_use]
    pub fn fixtures(&self) -> usize {
        self.0.fixtures.len()
    }

    /// Makes the component ready to be called. Compiles: takes a moment.
    ///
    /// # Errors
    /// [`BundleError`] if the host refuses it.
    pub fn load(&self, host: &Host) -> Result<Component, BundleError> {
        Ok(fixtures::load(host, &self.0)?)
    }

    /// Runs the examples: what each came to, by its path in the bundle.
    pub async fn try_fixtures(
        &self,
        host: &Host,
        tenant: &TenantId,
        component: &Component,
    ) -> Vec<(String, Result<(), FixtureError>)> {
        fixtures::run(host, tenant, component, &self.0).await
    }
}
