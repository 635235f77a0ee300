//! Where the parts keep their data: files in a folder, or schemas of a server.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use postlude_bus::{Bus, EmbeddedBus, JetStreamBus, JetStreamConfig};
use postlude_chassis::{
    config::{Config, NatsConfig},
    identity::{Key, KeySource, Keyring},
};
use postlude_store::{Store, StoreConfig};

use super::{Part, PlatformError, Surroundings};

/// The name of the embedded bus' database.
const BUS: &str = "bus";

/// Longer than a batch may take on its way to the broker.
const IDLE_MILLIS: u64 = 60_000;

/// Where the parts keep their data.
pub(super) struct Storage<'a> {
    folder: PathBuf,
    place: Place,
    /// Of the schemas' owner, if services have another role.
    owner_url: Option<String>,
    /// The services' role.
    role: String,
    max_connections: u32,
    schema_prefix: String,
    nats: Option<JetStreamConfig>,
    around: &'a Surroundings,
}

enum Place {
    /// One SQLite file per part in this folder.
    Files(PathBuf),
    /// One schema per part in this PostgreSQL database.
    Server(String),
}

/// Held while a process serves on a folder of files.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "held, never read")] File);

impl<'a> Storage<'a> {
    /// Reads the settings and makes the folder.
    pub(super) fn new(config: &Config, around: &'a Surroundings) -> Result<Self, PlatformError> {
        let settings = &config.platform;
        let folder = settings.data_dir.clone();
        let url = settings.database.url.expose();
        let place = if url.is_empty() {
            Place::Files(folder.clone())
        } else if let Some(path) = url.strip_prefix("sqlite://") {
            Place::Files(PathBuf::from(path))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let millis = settings.database.statement_timeout_ms;
            Place::Server(with_options(url, millis))
        } else {
            return Err(PlatformError::Setting(
                "database.url: begins with postgres:// or sqlite://, or is empty".to_owned(),
            ));
        };
        let owner = settings.database.migration_url.expose();
        if !owner.is_empty() && !matches!(place, Place::Server(_)) {
            return Err(PlatformError::Setting(
                "database.migration_url: is for PostgreSQL; leave the key empty".to_owned(),
            ));
        }
        let storage = Self {
            folder,
            place,
            owner_url: (!owner.is_empty()).then(|| owner.to_owned()),
            role: role_of(url),
            max_connections: settings.database.max_connections,
            schema_prefix: settings.database.schema_prefix.clone(),
            nats: nats(&settings.nats),
            around,
        };
        make_folder(&storage.folder)?;
        if let Place::Files(files) = &storage.place {
            make_folder(files)?;
        }
        Ok(storage)
    }

    /// The folder for keys and snapshots.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps other serving processes off the folder. A server takes many processes: it has no lock.
    pub(super) fn lock(&self) -> Result<Option<Lock>, PlatformError> {
        let Place::Files(folder) = &self.place else {
            return Ok(None);
        };
        let path = folder.join("serve.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| unusable(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Err(PlatformError::Locked(folder.clone())),
            Err(TryLockError::Error(source)) => Err(unusable(&path, source)),
        }
    }

    /// The keys that prove who calls: the configured ones, else the folder's own.
    pub(super) fn keyring(&self, config: &Config) -> Result<Keyring, PlatformError> {
        let settings = &config.platform.identity;
        let source = match &settings.key_file {
            Some(path) => KeySource::File(path.clone()),
            None if settings.key.is_empty() => KeySource::Own(self.folder.join("identity.pem")),
            None => KeySource::Given(Key::from_pem(settings.key.expose())?),
        };
        let trusted = &settings.trusted;
        let trusted = (!trusted.as_os_str().is_empty()).then(|| trusted.clone());
        let clock = Arc::clone(&self.around.clock);
        Ok(Keyring::open(source, trusted, clock)?)
    }

    /// Opens a part's database, brought up to date.
    pub(super) async fn open_migrated(&self, part: Part) -> Result<Store, PlatformError> {
        if let Some(owner) = self.owner_config(part) {
            let owner = self.open(part, &owner).await?;
            part.migrate(&owner).await?;
            let granted = owner.grant(&self.role).await;
            owner.close().await;
            granted.map_err(|source| PlatformError::Store {
                service: part.name(),
                source,
            })?;
        }
        let store = self.open(part, &self.config(part.name())).await?;
        part.migrate(&store).await?;
        Ok(store)
    }

    async fn open(&self, part: Part, config: &StoreConfig) -> Result<Store, PlatformError> {
        let clock = Arc::clone(&self.around.clock);
        let ids = Arc::clone(&self.around.ids);
        Store::open(config, part.name(), clock, ids)
            .await
            .map_err(|source| PlatformError::Store {
                service: part.name(),
                source,
            })
    }

    /// Opens the bus: the broker's, if one is configured, else the embedded one.
    pub(super) async fn open_bus(&self) -> Result<Arc<dyn Bus>, PlatformError> {
        let clock = Arc::clone(&self.around.clock);
        let ids = Arc::clone(&self.around.ids);
        Ok(match &self.nats {
            Some(nats) => Arc::new(JetStreamBus::connect(nats.clone(), clock, ids).await?),
            None => Arc::new(EmbeddedBus::open(&self.config(BUS), clock, ids).await?),
        })
    }

    /// The schema as its owner opens it, if that is another role than the service's.
    fn owner_config(&self, part: Part) -> Option<StoreConfig> {
        let url = self.owner_url.clone()?;
        Some(StoreConfig {
            url,
            ..self.config(part.name())
        })
    }

    fn config(&self, name: &str) -> StoreConfig {
        StoreConfig {
            url: match &self.place {
                Place::Files(folder) => {
                    format!("sqlite://{}", folder.join(format!("{name}.db")).display())
                }
                // The embedded bus has no tables of tenants: its owner uses them.
                Place::Server(_) if name == BUS && self.owner_url.is_some() => {
                    self.owner_url.clone().unwrap_or_default()
                }
                Place::Server(url) => url.clone(),
            },
            schema: format!("{}{}", self.schema_prefix, name.replace('-', "_")),
            max_connections: self.max_connections,
        }
    }
}

/// A statement that runs for too long is broken off, and so is a transaction that nobody goes on with.
fn with_options(url: &str, millis: u64) -> String {
    let join = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{join}options[statement_timeout]={millis}&options[idle_in_transaction_session_timeout]={IDLE_MILLIS}"
    )
}

/// The user in `postgres://user:password@host/database`.
fn role_of(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let (credentials, _) = rest.split_once('@').unwrap_or_default();
    let (user, _) = credentials.split_once(':').unwrap_or((credentials, ""));
    user.to_owned()
}

fn nats(settings: &NatsConfig) -> Option<JetStreamConfig> {
    (!settings.url.is_empty()).then(|| JetStreamConfig {
        url: settings.url.expose().to_owned(),
        prefix: settings.prefix.clone(),
        replicas: settings.replicas,
        ack_wait: Duration::from_secs(settings.ack_wait_seconds.max(1)),
        monitor: settings.monitor.clone(),
    })
}

fn make_folder(path: &Path) -> Result<(), PlatformError> {
    std::fs::create_dir_all(path).map_err(|source| unusable(path, source))
}

fn unusable(path: &Path, source: std::io::Error) -> PlatformError {
    PlatformError::File {
        path: path.to_owned(),
        source,
    }
}
