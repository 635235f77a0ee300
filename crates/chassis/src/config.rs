//! Configuration: compiled-in defaults, a file over them, the environment over both.
//!
//! Owns the layers and the platform's own sections. A service's section is a struct of that
//! service, read by [`ServiceConfig::deserialize`]; it denies unknown fields, so that a key with a
//! typing error stops the start and is named.

mod load;
mod sections;

pub use load::{Loader, SECRETS};
pub use sections::{
    DatabaseConfig, IdentityConfig, NatsConfig, OpsConfig, OutgoingConfig, PlatformConfig,
};

use serde::de::DeserializeOwned;

/// The platform's defaults, with a comment for every key.
pub const DEFAULTS: &str = include_str!("config/default.toml");

/// The configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file can't be read.
    #[error("the file {path} can't be read")]
    File {
        /// Which one.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A section is unknown.
    #[error("unknown section or key `{key}` in {origin}; known are: {known}")]
    Unknown {
        /// The key.
        key: String,
        /// Where it stands.
        origin: String,
        /// What is known at that place.
        known: String,
    },
    /// A section doesn't read.
    #[error("section `{section}`: {message}")]
    Section {
        /// Which one.
        section: String,
        /// What is wrong, with the key's name. Never a value.
        message: String,
    },
    /// The text isn't TOML.
    #[error("the configuration can't be read: {0}")]
    Syntax(String),
}

/// Everything that was configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// The platform's own sections.
    pub platform: PlatformConfig,
    sections: std::collections::BTreeMap<String, ServiceConfig>,
}

/// The section of one service (or the gateway), not read yet.
#[derive(Clone)]
pub struct ServiceConfig {
    section: String,
    value: config::Value,
}

impl Config {
    /// The section of a service; empty if nothing is configured. Dashes and underscores are the
    /// same.
    #[must_use]
    pub fn section(&self, name: &str) -> ServiceConfig {
        let name = name.replace('-', "_");
        self.sections
            .get(&name)
            .cloned()
            .unwrap_or_else(|| ServiceConfig::empty(&name))
    }
}

impl ServiceConfig {
    /// A section with nothing in it: every field takes its default.
    #[must_use]
    pub fn empty(section: &str) -> Self {
        Self {
            section: section.to_owned(),
            value: config::Value::from(config::Map::<String, config::Value>::new()),
        }
    }

    /// A section from TOML, for tests.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] if it isn't TOML.
    pub fn from_toml(section: &str, text: &str) -> Result<Self, ConfigError> {
        let table = load::parse(text)?;
        Ok(Self {
            section: section.to_owned(),
            value: config::Value::from(table),
        })
    }

    /// Reads the section into the service's struct. The struct has `#[serde(default,
    /// deny_unknown_fields)]`.
    ///
    /// # Errors
    /// [`ConfigError::Section`] that names the section and the key.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        self.value
            .clone()
            .try_deserialize()
            .map_err(|error| ConfigError::Section {
                section: self.section.clone(),
                message: load::without_values(&error),
            })
    }
}

impl std::fmt::Debug for ServiceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secrets.
        f.debug_tuple("ServiceConfig").field(&self.section).finish()
    }
}
