//! The platform in one process: every service and the gateway, or some of them.

mod catalogue;
mod ports;
mod storage;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use postlude_bus::{Bus, BusError};
use postlude_chassis::{
    Clients, Context, Outgoing, Running, Tls,
    clients::ClientError,
    config::{Config, ConfigError, Loader},
    identity::KeyError,
    outgoing::OutgoingError,
    telemetry::{
        LogLevel, metrics,
        ops::{Ops, Readiness},
    },
    tls::TlsError,
};
use postlude_gateway::{Gateway, GatewayConfig};
use postlude_kernel::{Clock, IdSource, SystemClock, SystemIds};
use postlude_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

pub use catalogue::Part;

use self::{
    ports::{Listeners, Servers},
    storage::{Lock, Storage},
};

/// The parts' settings, for people: the truth is each part's own struct.
const SERVICES: &str = include_str!("platform/services.toml");

/// How long a stop may take before what still runs is cut off.
pub const GRACE: Duration = Duration::from_secs(20);

/// What is around a platform, and differs between a program and a test.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// The parts that run here; all of them, if empty.
    pub only: BTreeSet<Part>,
    /// Whether the operations server runs.
    pub ops: bool,
    /// What `/loglevel` changes.
    pub log_level: Option<LogLevel>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            only: BTreeSet::new(),
            ops: true,
            log_level: None,
        }
    }
}

impl Surroundings {
    pub(crate) fn parts(&self) -> Vec<Part> {
        Part::ALL
            .into_iter()
            .filter(|part| self.only.is_empty() || self.only.contains(part))
            .collect()
    }
}

/// Why a platform doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A setting that no single key is to blame for.
    #[error("{0}")]
    Setting(String),
    /// Another process serves on this folder.
    #[error("another process serves on {}; stop it, or choose another folder by POSTLUDE_DATA_DIR", .0.display())]
    Locked(PathBuf),
    /// A folder or file.
    #[error("{} can't be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An address.
    #[error("{address} can't be listened on")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A database.
    #[error("the database of {service} can't be used")]
    Store {
        /// Whose.
        service: &'static str,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The bus.
    #[error("the bus can't be used")]
    Bus(#[from] BusError),
    /// The identity key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An upstream's address.
    #[error(transparent)]
    Upstream(#[from] ClientError),
    /// The client for outgoing calls.
    #[error("outgoing calls can't be made")]
    Outgoing(#[from] OutgoingError),
    /// A service.
    #[error("{service} does not start")]
    Service {
        /// Which.
        service: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a process shows to those who call, and to those it calls.
struct Certificates {
    services: Option<Tls>,
    door: Option<Tls>,
}

impl Certificates {
    fn open(config: &Config) -> Result<Self, PlatformError> {
        let door: GatewayConfig = config.section(Part::Gateway.name()).deserialize()?;
        Ok(Self {
            services: Tls::between_services(&config.platform.tls)?,
            door: Tls::on_the_door(&door.tls_certificate, &door.tls_private_key)?,
        })
    }

    fn follow(&self, stop: &CancellationToken) {
        for tls in [&self.services, &self.door].into_iter().flatten() {
            tokio::spawn(tls.clone().follow(stop.clone()));
        }
    }
}

/// A platform at work. Dropping it cuts everything off; [`stop`](Self::stop) ends it well.
pub struct Platform {
    stop: CancellationToken,
    services: Vec<Running>,
    gateway: Option<Gateway>,
    servers: Servers,
    readiness: Readiness,
    bus: Arc<dyn Bus>,
    stores: BTreeMap<Part, Store>,
    clients: Clients,
    // Last, so that the folder is free only when everything else is gone.
    _lock: Option<Lock>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// Every setting with its default and a comment: the platform's own, then each part's.
#[must_use]
pub fn defaults() -> String {
    format!("{}\n{SERVICES}", postlude_chassis::config::DEFAULTS)
}

/// The layers of the configuration: defaults, file, environment.
///
/// # Errors
/// [`ConfigError`] that names the key and where it stands.
pub fn load_config(
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    Part::ALL
        .into_iter()
        .fold(Loader::new(), |loader, part| {
            loader.section(part.name(), "")
        })
        .file(file)
        .env(env)
        .load()
}

/// Brings the databases of the parts up to date.
///
/// # Errors
/// [`PlatformError`] by what is in the way.
pub async fn migrate(config: &Config, around: &Surroundings) -> Result<(), PlatformError> {
    let storage = Storage::new(config, around)?;
    for part in around.parts() {
        let store = storage.open_migrated(part).await?;
        store.close().await;
    }
    storage.open_bus().await?.close().await;
    Ok(())
}

/// Opens the database of one part, brought up to date, beside whatever runs on it.
///
/// # Errors
/// [`PlatformError`] by what is in the way.
pub async fn open_store(
    config: &Config,
    around: &Surroundings,
    part: Part,
) -> Result<Store, PlatformError> {
    Storage::new(config, around)?.open_migrated(part).await
}

/// Opens the bus beside whatever runs on it.
///
/// # Errors
/// [`PlatformError`] by what is in the way.
pub async fn open_bus(
    config: &Config,
    around: &Surroundings,
) -> Result<Arc<dyn Bus>, PlatformError> {
    Storage::new(config, around)?.open_bus().await
}

/// What doesn't run here and has no address is looked for where it would listen.
fn connect_neighbours(
    config: &Config,
    around: &Surroundings,
    clients: &Clients,
) -> Result<(), ClientError> {
    let here = around.parts();
    for part in Part::ALL {
        if part == Part::Gateway || here.contains(&part) || clients.target(part.name()).is_some() {
            continue;
        }
        let address = ports::service_address(config, part);
        if address.port() != 0 {
            clients.connect(part.name(), &format!("{}://{address}", clients.scheme()))?;
        }
    }
    Ok(())
}

impl Platform {
    /// Starts the parts. The configuration is checked before a port is bound, and every port bound
    /// before anything runs.
    ///
    /// # Errors
    /// [`PlatformError`] by what is in the way; nothing is left running then.
    pub async fn start(config: &Config, around: Surroundings) -> Result<Self, PlatformError> {
        // Before the first database is opened: what is measured earlier isn't seen.
        metrics::ensure();
        let storage = Storage::new(config, &around)?;
        let lock = storage.lock()?;
        let keys = storage.keyring(config)?;
        let certificates = Certificates::open(config)?;
        let clients = Clients::new(keys.signer(), certificates.services.clone());
        for (name, uri) in &config.platform.upstreams {
            if Part::parse(name).is_none() {
                return Err(PlatformError::Setting(format!(
                    "upstreams.{name}: there is no service of that name; there is {}",
                    Part::names()
                )));
            }
            clients.connect(name, uri)?;
        }
        connect_neighbours(config, &around, &clients)?;
        let outgoing = Outgoing::new(&config.platform.outgoing)?;
        let listeners = Listeners::bind(config, &around).await?;
        let mut platform = Self {
            stop: CancellationToken::new(),
            services: Vec::new(),
            gateway: None,
            servers: Servers::default(),
            readiness: Readiness::default(),
            bus: storage.open_bus().await?,
            stores: BTreeMap::new(),
            clients: clients.clone(),
            _lock: lock,
        };
        for part in around.parts() {
            let store = storage.open_migrated(part).await?;
            platform.stores.insert(part, store.clone());
            let context = Context {
                name: part.name(),
                clock: Arc::clone(&around.clock),
                ids: Arc::clone(&around.ids),
                store,
                clients: clients.clone(),
                outgoing: outgoing.clone(),
                bus: Arc::clone(&platform.bus),
                verifier: keys.verifier(),
                data_dir: Some(storage.folder().to_owned()),
                config: config.section(part.name()),
            };
            let service = match part {
                Part::Gateway => platform
                    .gateway
                    .insert(Gateway::new(&context, keys.signer())?)
                    .service(),
                Part::Orders | Part::PluginRegistry | Part::Returns => part.service(context)?,
            };
            platform.services.push(service.start(&platform.stop));
        }
        tokio::spawn(keys.follow(platform.stop.clone()));
        certificates.follow(&platform.stop);
        platform.serve(listeners, certificates, &around);
        platform.readiness.set(true);
        Ok(platform)
    }

    fn serve(&mut self, listeners: Listeners, certificates: Certificates, around: &Surroundings) {
        let Listeners {
            gateway,
            ops,
            services,
        } = listeners;
        if let (Some(door), Some(listener)) = (&self.gateway, gateway) {
            self.servers
                .gateway(door, listener, certificates.door, &self.stop);
        }
        for (part, listener) in services {
            let running = self.services.iter().find(|one| one.name() == part.name());
            if let Some(running) = running {
                let tls = certificates.services.clone();
                self.servers
                    .service(part, running.routes(), listener, tls, &self.stop);
            }
        }
        if let Some(listener) = ops {
            let ops = Ops {
                readiness: self.readiness.clone(),
                services: self
                    .services
                    .iter()
                    .map(|service| (service.name(), service.vitals().clone()))
                    .collect(),
                log_level: around.log_level.clone(),
            };
            self.servers.ops(ops, listener);
        }
    }

    /// Where the gateway listens, if it runs here.
    #[must_use]
    pub const fn gateway_address(&self) -> Option<SocketAddr> {
        self.servers.gateway_address
    }

    /// Where operations listens, if it does.
    #[must_use]
    pub const fn ops_address(&self) -> Option<SocketAddr> {
        self.servers.ops_address
    }

    /// Where services listen that have a port of their own.
    #[must_use]
    pub const fn service_addresses(&self) -> &BTreeMap<Part, SocketAddr> {
        &self.servers.service_addresses
    }

    /// The database of a part, if it runs here: for tenants, keys, and tests that look inside.
    #[must_use]
    pub fn store(&self, part: Part) -> Option<&Store> {
        self.stores.get(&part)
    }

    /// The services of this process, for calls in a service's own name.
    #[must_use]
    pub const fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The services that run here.
    #[must_use]
    pub fn services(&self) -> &[Running] {
        &self.services
    }

    /// The bus.
    #[must_use]
    pub const fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// Ends it: new calls are refused, streams end with UNAVAILABLE, what runs is finished within
    /// `grace`, databases are closed. True if nothing had to be cut off.
    pub async fn stop(mut self, grace: Duration) -> bool {
        self.readiness.set(false);
        self.stop.cancel();
        let drained = futures_util::future::join_all(
            self.services.iter().map(|service| service.drain(grace)),
        );
        let (drained, served) = tokio::join!(drained, self.servers.end(grace));
        self.bus.close().await;
        for store in self.stores.values() {
            store.close().await;
        }
        served && drained.into_iter().all(|done| done)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::{Part, SERVICES, load_config};

    #[test]
    fn every_documented_setting_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postlude.toml");
        let settings: Vec<_> = SERVICES
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") => setting,
                Some(_) | None => line,
            })
            .collect();
        std::fs::write(&path, settings.join("\n")).unwrap();
        let config = load_config(Some(&path), []).unwrap();
        let gateway: postlude_gateway::GatewayConfig =
            config.section(Part::Gateway.name()).deserialize().unwrap();
        assert_eq!(gateway.rate_burst, 4_000);
        for part in Part::ALL {
            let section: toml::Table = config.section(part.name()).deserialize().unwrap();
            assert!(!section.is_empty(), "{}", part.name());
        }
    }
}
