//! What a service is given to work with.

use std::{path::PathBuf, sync::Arc};

use postlude_bus::Bus;
use postlude_kernel::{Clock, IdSource};
use postlude_store::Store;

use crate::{Clients, Outgoing, config::ServiceConfig, identity::Verifier};

/// Everything that a service takes from outside. The composition root makes one per service, the
/// test kit makes another.
#[derive(Clone)]
pub struct Context {
    /// The service's name: `returns`.
    pub name: &'static str,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// The service's own database.
    pub store: Store,
    /// The other services.
    pub clients: Clients,
    /// The world outside.
    pub outgoing: Outgoing,
    /// Events.
    pub bus: Arc<dyn Bus>,
    /// Checks who calls.
    pub verifier: Verifier,
    /// A folder for what may be kept between runs; none where the disk is nobody's.
    pub data_dir: Option<PathBuf>,
    /// The service's own section of the configuration.
    pub config: ServiceConfig,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
