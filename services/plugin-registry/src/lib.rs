//! Plugins of every tenant: taken in, checked, put into service, and explained.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`service`] | the table of contents |
//! | `bundle` | what a bundle must be, and its own examples |
//! | [`author`] | the same checks for the author's own tools |
//! | `domain` | which installation answers a hook |
//! | `rpc` | one file per method |
//! | `store` | plugins, versions, installations per tenant; bindings and components for services |
//! | `convert` | contract ↔ domain |
//!
//! Runs a plugin on nothing but the examples that it brings along: services run it on what happens, with [`postlude_plugin_host`], on the bindings that they fetch here.
//! Keeps no run: the service that decided does, and is asked for it.

pub mod author;
mod bundle;
mod config;
mod convert;
mod domain;
mod error;
mod migrations;
mod rpc;
#[allow(unreachable_pub, reason = "SeaORM's derive wants its items public")]
mod store;

use std::sync::Arc;

use postlude_chassis::{Clients, Context, Service};
use postlude_kernel::TenantId;
use postlude_plugin_host::{Host, HostConfig};
use postlude_proto::plugins::v1::plugin_service_server::PluginServiceServer;
use postlude_store::Store;

use self::config::Config;
pub use self::{
    error::{BundleError, Error},
    migrations::Migrator,
};

/// The service's name: its section in the configuration, its schema, its error domain.
pub const NAME: &str = "plugin-registry";

/// The rows that belong to no retailer: what services fetch for all of them.
const PLATFORM: &str = "platform";

/// What every handler works with.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) clients: Clients,
    pub(crate) config: Config,
    /// Tries bundles' own examples.
    pub(crate) host: Host,
    /// The tenant of [`PLATFORM`].
    pub(crate) platform: TenantId,
}

/// The service, ready to start.
///
/// # Errors
/// If its section of the configuration is wrong.
pub fn service(context: Context) -> Result<Service, Error> {
    let config: Config = context.config.deserialize()?;
    let platform = TenantId::parse(PLATFORM).map_err(|error| Error::Stored(error.to_string()))?;
    let host = Host::new(HostConfig {
        // Uploads are rare and may wait for each other.
        threads: 1,
        component_bytes: config.max_component_bytes,
        // Where services look: what is tried here is compiled for them as well.
        cache_dir: context.data_dir.as_ref().map(|dir| dir.join("components")),
        ..HostConfig::new(Arc::clone(&context.clock), Arc::clone(&context.ids))
    })?;
    let app = Arc::new(App {
        host,
        store: context.store.clone(),
        clients: context.clients.clone(),
        config,
        platform,
    });
    Ok(Service::new(&context).rpc(PluginServiceServer::new(rpc::Rpc(app))))
}
