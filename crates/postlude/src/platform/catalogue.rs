//! The parts of the platform. A new service is one line in each place here, and nowhere else.

use postlude_chassis::{Context, Service};
use postlude_store::Store;

use super::PlatformError;

/// A part of the platform: a service, or the gateway in front of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// What was bought, by whom, and where the parcel is.
    Orders,
    /// A retailer's own rules.
    PluginRegistry,
    /// What may come back, what came back, and what is paid for it.
    Returns,
    /// The only door.
    Gateway,
}

impl Part {
    /// Every part, the gateway last: it opens when there is something behind it.
    pub const ALL: [Self; 4] = [
        Self::Orders,
        Self::PluginRegistry,
        Self::Returns,
        Self::Gateway,
    ];

    /// Its name: on the command line, in the configuration, in errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::PluginRegistry => "plugin-registry",
            Self::Returns => "returns",
            Self::Gateway => "gateway",
        }
    }

    /// Takes a name in; dashes and underscores are the same.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// The names of all parts, for messages.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    pub(super) async fn migrate(self, store: &Store) -> Result<(), PlatformError> {
        match self {
            Self::Orders => store.migrate::<postlude_orders::Migrator>().await,
            Self::PluginRegistry => store.migrate::<postlude_plugin_registry::Migrator>().await,
            Self::Returns => store.migrate::<postlude_returns::Migrator>().await,
            Self::Gateway => store.migrate::<postlude_gateway::Migrator>().await,
        }
        .map_err(|source| PlatformError::Store {
            service: self.name(),
            source,
        })
    }

    /// The service. The gateway's is made by the door that it belongs to; here it is the admin
    /// service alone.
    pub(super) fn service(self, context: Context) -> Result<Service, PlatformError> {
        match self {
            Self::Orders => postlude_orders::service(context).map_err(boxed),
            Self::PluginRegistry => postlude_plugin_registry::service(context).map_err(boxed),
            Self::Returns => postlude_returns::service(context).map_err(boxed),
            Self::Gateway => postlude_gateway::service(context).map_err(boxed),
        }
        .map_err(|source| PlatformError::Service {
            service: self.name(),
            source,
        })
    }
}

fn boxed(
    error: impl std::error::Error + Send + Sync + 'static,
) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(error)
}
