//! The section `plugin-registry` of the configuration.

use serde::Deserialize;

/// What an operator can set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Bytes of a bundle, at most. 4 MiB: a component of 1 MiB with fixtures has room in it, and a
    /// bundle is held in memory while it is checked.
    pub(crate) max_bundle_bytes: usize,
    /// Bytes of a component, at most. 1 MiB is what the host compiles; a component that brings a
    /// language runtime needs 16 MiB here and in the host.
    pub(crate) max_component_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_bundle_bytes: 4 * 1024 * 1024,
            max_component_bytes: 1024 * 1024,
        }
    }
}
