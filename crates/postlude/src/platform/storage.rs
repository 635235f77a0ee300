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
    identity::Key,
};
use postlude_store::{Store, StoreConfig};

use super::{Part, PlatformError, Surroundings};

/// Where the parts keep their data.
pub(super) struct Storage<'a> {
    folder: PathBuf,
    place: Place,
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
            Place::Server(url.to_owned())
        } else {
            return Err(PlatformError::Setting(
                "database.url: begins with postgres:// or sqlite://, or is empty".to_owned(),
            ));
        };
        let storage = Self {
            folder,
            place,
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

    /// The key that signs who calls: the configured one, else the folder's own.
    pub(super) fn identity_key(&self, config: &Config) -> Result<Key, PlatformError> {
        let pem = &config.platform.identity.key;
        if pem.is_empty() {
            Ok(Key::load_or_create(&self.folder.join("identity.pem"))?)
        } else {
            Ok(Key::from_pem(pem.expose())?)
        }
    }

    /// Opens a part's database, brought up to date.
    pub(super) async fn open_migrated(&self, part: Part) -> Result<Store, PlatformError> {
        let clock = Arc::clone(&self.around.clock);
        let ids = Arc::clone(&self.around.ids);
        let store = Store::open(&self.config(part.name()), part.name(), clock, ids)
            .await
            .map_err(|source| PlatformError::Store {
                service: part.name(),
                source,
            })?;
        part.migrate(&store).await?;
        Ok(store)
    }

    /// Opens the bus: the broker's, if one is configured, else the embedded one.
    pub(super) async fn open_bus(&self) -> Result<Arc<dyn Bus>, PlatformError> {
        let clock = Arc::clone(&self.around.clock);
        let ids = Arc::clone(&self.around.ids);
        Ok(match &self.nats {
            Some(nats) => Arc::new(JetStreamBus::connect(nats.clone(), clock, ids).await?),
            None => Arc::new(EmbeddedBus::open(&self.config("bus"), clock, ids).await?),
        })
    }

    fn config(&self, name: &str) -> StoreConfig {
        StoreConfig {
            url: match &self.place {
                Place::Files(folder) => {
                    format!("sqlite://{}", folder.join(format!("{name}.db")).display())
                }
                Place::Server(url) => url.clone(),
            },
            schema: format!("{}{}", self.schema_prefix, name.replace('-', "_")),
            max_connections: self.max_connections,
        }
    }
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
