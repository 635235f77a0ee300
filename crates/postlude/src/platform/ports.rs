//! Ports: bound before anything runs, served until the platform stops.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use postlude_chassis::{
    Tls,
    config::Config,
    server,
    telemetry::ops::{self, Ops},
};
use postlude_gateway::{Gateway, GatewayConfig};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use super::{Part, PlatformError, Surroundings};

/// Ports that are bound and not served yet.
pub(super) struct Listeners {
    pub(super) gateway: Option<TcpListener>,
    pub(super) ops: Option<TcpListener>,
    pub(super) services: Vec<(Part, TcpListener)>,
}

impl Listeners {
    /// Binds what the parts need: the gateway's port, operations, and in a process that runs only
    /// some services a port for each of them.
    pub(super) async fn bind(
        config: &Config,
        around: &Surroundings,
    ) -> Result<Self, PlatformError> {
        let parts = around.parts();
        let mut bound = Self {
            gateway: None,
            ops: None,
            services: Vec::new(),
        };
        if parts.contains(&Part::Gateway) {
            let gateway: GatewayConfig = config.section(Part::Gateway.name()).deserialize()?;
            bound.gateway = Some(bind(gateway.listen).await?);
        }
        if !around.only.is_empty() {
            for part in parts {
                if part != Part::Gateway {
                    let address = service_address(config, part);
                    bound.services.push((part, bind(address).await?));
                }
            }
        }
        if around.ops {
            bound.ops = Some(bind(config.platform.ops.listen).await?);
        }
        Ok(bound)
    }
}

/// Where a part listens that has a port of its own; port 0 if nobody said.
pub(super) fn service_address(config: &Config, part: Part) -> SocketAddr {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listen = &config.platform.listen;
    listen
        .iter()
        .find(|(name, _)| Part::parse(name) == Some(part))
        .map_or(any, |(_, address)| *address)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, PlatformError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| PlatformError::Listen { address, source })
}

/// Servers at work.
#[derive(Default)]
pub(super) struct Servers {
    pub(super) gateway_address: Option<SocketAddr>,
    pub(super) ops_address: Option<SocketAddr>,
    pub(super) service_addresses: BTreeMap<Part, SocketAddr>,
    running: Vec<JoinHandle<()>>,
    ops_stop: CancellationToken,
    ops_running: Option<JoinHandle<()>>,
}

impl Servers {
    pub(super) fn gateway(
        &mut self,
        gateway: &Gateway,
        listener: TcpListener,
        tls: Option<Tls>,
        stop: &CancellationToken,
    ) {
        self.gateway_address = listener.local_addr().ok();
        let (gateway, stop) = (gateway.clone(), stop.clone());
        self.running.push(tokio::spawn(async move {
            if let Err(error) = gateway.serve(listener, tls, stop).await {
                tracing::error!(%error, "the gateway's port is gone");
            }
        }));
    }

    pub(super) fn service(
        &mut self,
        part: Part,
        routes: Routes,
        listener: TcpListener,
        tls: Option<Tls>,
        stop: &CancellationToken,
    ) {
        if let Ok(address) = listener.local_addr() {
            self.service_addresses.insert(part, address);
        }
        let served = server::serve_routes(listener, tls, routes, stop.clone());
        self.running.push(tokio::spawn(served));
    }

    pub(super) fn ops(&mut self, ops: Ops, listener: TcpListener) {
        self.ops_address = listener.local_addr().ok();
        // Operations goes last: /readyz says "not ready" while the rest drains.
        let stop = self.ops_stop.clone();
        self.ops_running = Some(tokio::spawn(async move {
            if let Err(error) = ops::serve(listener, ops, stop).await {
                tracing::error!(%error, "operations is gone");
            }
        }));
    }

    /// Waits until every connection has ended; cuts off what is left after `grace`.
    pub(super) async fn end(&mut self, grace: Duration) -> bool {
        let aborts: Vec<_> = self.running.iter().map(JoinHandle::abort_handle).collect();
        let ended = futures_util::future::join_all(self.running.drain(..));
        let well = tokio::time::timeout(grace, ended).await.is_ok();
        for abort in aborts {
            abort.abort();
        }
        self.ops_stop.cancel();
        if let Some(ops) = self.ops_running.take() {
            let abort = ops.abort_handle();
            // A probe's open connection is no reason to wait.
            if tokio::time::timeout(Duration::from_millis(500), ops)
                .await
                .is_err()
            {
                abort.abort();
            }
        }
        well
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in self.running.iter().chain(&self.ops_running) {
            server.abort();
        }
    }
}
