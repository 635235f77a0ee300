//! The only door: who may come in, how much, and where to.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`Gateway`] | built from a context; gives the admin service and opens the door |
//! | `door` | one call through the door: credentials, rate, scope, identity, forwarding |
//! | [`keys`] | tenants and API keys, also for the command line beside a running platform |
//! | `rpc` | the admin service, one file per method |
//! | `store` | tenants and keys |
//!
//! It knows no other service's messages: methods, scopes and streams are read from the contract,
//! bytes are passed on. A new method needs no line here.

mod config;
mod convert;
mod door;
mod error;
pub mod keys;
mod migrations;
mod rpc;
#[allow(unreachable_pub, reason = "SeaORM's derive wants its items public")]
mod store;

use std::sync::Arc;

use postlude_chassis::{
    Clients, Context, Service, Tls, config::ConfigError, identity::Signer, server,
};
use postlude_proto::gateway::v1::admin_service_server::AdminServiceServer;
use postlude_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::GatewayConfig;
pub use error::Error;
pub use migrations::Migrator;

use door::{Door, key_cache::KeyCache};

/// The gateway's name: its section in the configuration, its schema, its error domain.
pub const NAME: &str = "gateway";

/// What the admin service's handlers work with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) keys: Arc<KeyCache>,
}

/// The gateway, ready to open.
#[derive(Debug, Clone)]
pub struct Gateway {
    config: GatewayConfig,
    context: Context,
    clients: Clients,
    signer: Signer,
    keys: Arc<KeyCache>,
}

impl Gateway {
    /// A gateway on its context's store, which is migrated already. Services are found through the
    /// context's clients, tokens are minted with `signer`.
    ///
    /// # Errors
    /// If its section of the configuration is wrong.
    pub fn new(context: &Context, signer: Signer) -> Result<Self, ConfigError> {
        let config: GatewayConfig = context.config.deserialize()?;
        Ok(Self {
            config,
            context: context.clone(),
            clients: context.clients.clone(),
            signer,
            keys: Arc::new(KeyCache::new(context.store.clone())),
        })
    }

    /// Its configuration.
    #[must_use]
    pub const fn config(&self) -> &GatewayConfig {
        &self.config
    }

    /// The admin service, to be started like any other.
    pub fn service(&self) -> Service {
        let app = App {
            store: self.context.store.clone(),
            keys: Arc::clone(&self.keys),
        };
        Service::new(&self.context).rpc(AdminServiceServer::new(rpc::Rpc(app)))
    }

    /// The door's routes, for a server of the caller's own.
    ///
    /// # Errors
    /// [`Error::Contract`] if the contract can't be shown by reflection.
    pub fn routes(&self, stop: &CancellationToken) -> Result<axum::Router, Error> {
        Door::new(self, stop.clone()).router()
    }

    /// Opens the door on a port until `stop`, then lets what is inside finish. Without `tls` callers
    /// come in the clear.
    ///
    /// # Errors
    /// [`Error::Contract`] if the contract can't be shown by reflection.
    pub async fn serve(
        &self,
        listener: TcpListener,
        tls: Option<Tls>,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let router = self.routes(&stop)?;
        server::serve(listener, tls, router, stop).await;
        Ok(())
    }
}

/// The admin service alone, for its tests.
///
/// # Errors
/// Never; the same form as every service's.
pub fn service(context: Context) -> Result<Service, Error> {
    let app = App {
        keys: Arc::new(KeyCache::new(context.store.clone())),
        store: context.store.clone(),
    };
    Ok(Service::new(&context).rpc(AdminServiceServer::new(rpc::Rpc(app))))
}
