//! What can go wrong, and what a caller is told about it.

use std::time::Duration;

use postlude_chassis::{
    config::ConfigError,
    rpc::{Broken, Invalid},
};
use postlude_kernel::{Fault, FaultKind, FieldViolation};
use postlude_plugin_host::HostError;
use postlude_store::StoreError;

use crate::{
    bundle::{Flaw, Refusal},
    domain::Refused,
};

/// An error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bundle that is refused.
    #[error("the bundle is refused: {0}")]
    Bundle(#[from] BundleError),
    /// Too many uploads try their fixtures at once.
    #[error("too many plugins are being tried; try again")]
    Overloaded,
    /// An element of the upload breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The upload broke off.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The version is there, with other content.
    #[error("{plugin_id} {version} was uploaded before, with other content; versions never change")]
    VersionExists {
        /// The plugin.
        plugin_id: String,
        /// The version.
        version: String,
    },
    /// No such plugin of the tenant.
    #[error("there is no plugin `{0}`")]
    PluginNotFound(String),
    /// No such version of the plugin.
    #[error("{plugin_id} has no version `{version}`")]
    VersionNotFound {
        /// The plugin.
        plugin_id: String,
        /// The version.
        version: String,
    },
    /// The configuration breaks the plugin's schema.
    #[error("the configuration is refused by the plugin's schema")]
    Config(Vec<FieldViolation>),
    /// The plugin doesn't answer a hook now.
    #[error("{0} is not in service")]
    NotInstalled(String),
    /// An older version, and nobody asked for one.
    #[error("{0}; set allow_downgrade to go back")]
    Downgrade(String),
    /// No such generation of the plugin was ever in service.
    #[error("{plugin_id} was never in service as generation {generation}")]
    GenerationNotFound {
        /// The plugin.
        plugin_id: String,
        /// The generation.
        generation: i64,
    },
    /// There is nothing to go back to.
    #[error("{0} has answered like this ever since it was installed")]
    NothingBefore(String),
    /// What the caller saw isn't what is there.
    #[error("the installation has changed since it was read")]
    EtagMismatch,
    /// No such hook.
    #[error("there is no hook `{0}`")]
    HookUnknown(String),
    /// No such component.
    #[error("there is no component {0}")]
    ComponentNotFound(String),
    /// No such run of the tenant.
    #[error("there is no run `{0}`")]
    RunNotFound(String),
    /// The run can't be replayed.
    #[error("{0}")]
    RunNotReplayable(String),
    /// The service that keeps the runs can't be asked.
    #[error("{owner} can't be asked for its runs now")]
    RunsUnavailable {
        /// The service.
        owner: &'static str,
        /// What it answered.
        detail: String,
    },
    /// The host of plugins can't be set up.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The configuration of this service is wrong.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// What is stored can't be read.
    #[error("what is stored can't be read: {0}")]
    Stored(String),
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BundleError(Refusal);

impl BundleError {
    /// Where: a file of the bundle, and the key in it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// The rule that is broken, as a sentence.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.0.rule
    }
}

impl From<Refusal> for BundleError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Bundle(BundleError(refusal))
    }
}

impl Error {
    pub(crate) fn refused(plugin_id: &str, refused: Refused) -> Self {
        match refused {
            Refused::Downgrade { .. } => Self::Downgrade(refused.to_string()),
            Refused::NotInstalled => Self::NotInstalled(plugin_id.to_owned()),
        }
    }
}

impl Fault for Error {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Invalid(error) => error.kind(),
            Self::Broken(error) => error.kind(),
            Self::Bundle(_) | Self::Config(_) | Self::HookUnknown(_) => FaultKind::InvalidArgument,
            Self::VersionExists { .. } => FaultKind::AlreadyExists,
            Self::PluginNotFound(_)
            | Self::VersionNotFound { .. }
            | Self::GenerationNotFound { .. }
            | Self::ComponentNotFound(_)
            | Self::RunNotFound(_) => FaultKind::NotFound,
            Self::NotInstalled(_)
            | Self::Downgrade(_)
            | Self::NothingBefore(_)
            | Self::EtagMismatch
            | Self::RunNotReplayable(_) => FaultKind::FailedPrecondition,
            Self::Overloaded => FaultKind::ResourceExhausted,
            Self::RunsUnavailable { .. } => FaultKind::Unavailable,
            Self::Host(_) | Self::Settings(_) | Self::Stored(_) => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Invalid(error) => error.reason(),
            Self::Broken(error) => error.reason(),
            Self::Bundle(BundleError(refusal)) => match refusal.flaw {
                Flaw::Archive => "BUNDLE_INVALID",
                Flaw::Size => "BUNDLE_TOO_LARGE",
                Flaw::Manifest => "MANIFEST_INVALID",
                Flaw::Component => "COMPONENT_INVALID",
                Flaw::World => "COMPONENT_WORLD_MISMATCH",
                Flaw::Config => "CONFIG_INVALID",
                Flaw::Fixture => "FIXTURE_FAILED",
            },
            Self::Overloaded => "OVERLOADED",
            Self::VersionExists { .. } => "PLUGIN_VERSION_EXISTS",
            Self::PluginNotFound(_) => "PLUGIN_NOT_FOUND",
            Self::VersionNotFound { .. } => "PLUGIN_VERSION_NOT_FOUND",
            Self::ComponentNotFound(_) => "COMPONENT_NOT_FOUND",
            Self::Config(_) => "CONFIG_INVALID",
            Self::NotInstalled(_) => "PLUGIN_NOT_INSTALLED",
            Self::Downgrade(_) => "PLUGIN_DOWNGRADE",
            Self::GenerationNotFound { .. } => "PLUGIN_GENERATION_NOT_FOUND",
            Self::NothingBefore(_) => "PLUGIN_NOTHING_BEFORE",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::HookUnknown(_) => "HOOK_UNKNOWN",
            Self::RunNotFound(_) => "RUN_NOT_FOUND",
            Self::RunNotReplayable(_) => "RUN_NOT_REPLAYABLE",
            Self::RunsUnavailable { .. } => "RUNS_UNAVAILABLE",
            Self::Host(_) | Self::Settings(_) | Self::Stored(_) => "INTERNAL",
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Store(error) => error.violations(),
            Self::Invalid(error) => error.violations(),
            Self::Config(violations) => violations.clone(),
            Self::Bundle(BundleError(refusal)) => {
                vec![FieldViolation::new(&refusal.place, &refusal.rule)]
            }
            Self::HookUnknown(_) => vec![FieldViolation::new(
                "hook",
                format!("is one of {}", crate::domain::Hook::all_names()),
            )],
            Self::Broken(_)
            | Self::Overloaded
            | Self::VersionExists { .. }
            | Self::PluginNotFound(_)
            | Self::VersionNotFound { .. }
            | Self::ComponentNotFound(_)
            | Self::NotInstalled(_)
            | Self::Downgrade(_)
            | Self::GenerationNotFound { .. }
            | Self::NothingBefore(_)
            | Self::EtagMismatch
            | Self::RunNotFound(_)
            | Self::RunNotReplayable(_)
            | Self::RunsUnavailable { .. }
            | Self::Host(_)
            | Self::Settings(_)
            | Self::Stored(_) => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::RunsUnavailable { .. } | Self::Overloaded => Some(Duration::from_secs(1)),
            Self::Bundle(_)
            | Self::Invalid(_)
            | Self::Broken(_)
            | Self::VersionExists { .. }
            | Self::PluginNotFound(_)
            | Self::VersionNotFound { .. }
            | Self::ComponentNotFound(_)
            | Self::Config(_)
            | Self::NotInstalled(_)
            | Self::Downgrade(_)
            | Self::GenerationNotFound { .. }
            | Self::NothingBefore(_)
            | Self::EtagMismatch
            | Self::HookUnknown(_)
            | Self::RunNotFound(_)
            | Self::RunNotReplayable(_)
            | Self::Host(_)
            | Self::Settings(_)
            | Self::Stored(_) => None,
        }
    }
}
