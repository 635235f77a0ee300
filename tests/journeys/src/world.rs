//! The whole platform, in this process or in one process per service, met through its gateway.

use std::time::Duration;

use anyhow::Context as _;
use postlude::{Part, Platform, Surroundings, platform};
use postlude_kernel::{Clock as _, SystemClock};
use postlude_proto::gateway::v1::{CreateApiKeyRequest, CreateTenantRequest, Tenant};
use postlude_store::StoreConfig;
use postlude_testkit::{Database, Fresh};
use prost_types::Timestamp;
use tonic::transport::Channel;

use crate::{apart::Apart, bundles, keys, process, shop::Shop, sink::Sink};

/// How long the platform may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// The platform at work on a fresh database, and the retailer's payment system beside it.
pub struct World {
    /// Where the gateway listens.
    pub address: String,
    /// A connection to it.
    pub channel: Channel,
    /// The payment system that refunds are asked of.
    pub sink: Sink,
    operator: Shop,
    home: Home,
    fresh: Fresh,
}

/// How the platform runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// Everything in this process, on the embedded bus.
    Together(Database),
    /// A process per service, on PostgreSQL and JetStream.
    Apart,
}

enum Home {
    Here(Box<Platform>),
    Apart(Box<Apart>),
}

impl World {
    /// Starts a platform.
    ///
    /// # Panics
    /// If it doesn't start.
    pub async fn start(setup: Setup) -> Self {
        match setup {
            Setup::Together(database) => Self::open(database).await,
            Setup::Apart => Self::start_apart(Vec::new()).await,
        }
        .unwrap_or_else(|error| panic!("the platform does not start: {error:#}"))
    }

    /// Starts a platform of a process per service, with further environment variables.
    ///
    /// # Errors
    /// If it doesn't start.
    pub async fn start_apart(more: Vec<(String, String)>) -> anyhow::Result<Self> {
        let fresh = fresh(Database::Postgres)?;
        let apart = Apart::start_with(&fresh, 1, more).await?;
        let config = platform::load_config(None, apart.settings())?;
        let store = platform::open_store(&config, &Surroundings::default(), Part::Gateway).await?;
        let key = keys::operator(&store).await?;
        store.close().await;
        let address = apart.gateway().to_owned();
        let channel = process::connect(&address).await?;
        Ok(Self {
            operator: Shop::new(&channel, &key)?,
            address,
            channel,
            sink: Sink::start().await,
            home: Home::Apart(Box::new(apart)),
            fresh,
        })
    }
}

impl World {
    async fn open(database: Database) -> anyhow::Result<Self> {
        let fresh = fresh(database)?;
        let config = platform::load_config(None, settings(&fresh))?;
        let around = Surroundings {
            ops: false,
            ..Surroundings::default()
        };
        let platform = Platform::start(&config, around).await?;
        let address = platform.gateway_address().context("a gateway")?.to_string();
        let channel = process::connect(&address).await?;
        let key = keys::operator(platform.store(Part::Gateway).context("a gateway")?).await?;
        Ok(Self {
            operator: Shop::new(&channel, &key)?,
            address,
            channel,
            sink: Sink::start().await,
            home: Home::Here(Box::new(platform)),
            fresh,
        })
    }

    /// Another connection to the gateway.
    ///
    /// # Errors
    /// If it isn't taken.
    pub async fn connect(&self) -> anyhow::Result<Channel> {
        process::connect(&self.address).await
    }

    /// A new tenant, whose key may do everything but manage tenants and whose refunds go to the
    /// sink.
    ///
    /// # Errors
    /// If the platform refuses.
    pub async fn tenant(&self, tenant: &str) -> anyhow::Result<Shop> {
        let request = CreateTenantRequest {
            tenant: Some(Tenant {
                tenant_id: tenant.to_owned(),
                ..Tenant::default()
            }),
        };
        self.operator.admin.clone().create_tenant(request).await?;
        let key = self.key(tenant, &keys::all_but_platform()).await?;
        let shop = Shop::new(&self.channel, &key)?;
        keys::refunds_go_to(&shop, &self.sink).await?;
        Ok(shop)
    }

    /// A key of a tenant that holds these scopes.
    ///
    /// # Errors
    /// If the platform refuses.
    pub async fn key(&self, tenant: &str, scopes: &[&str]) -> anyhow::Result<String> {
        let request = CreateApiKeyRequest {
            tenant_id: tenant.to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ..CreateApiKeyRequest::default()
        };
        let made = self.operator.admin.clone().create_api_key(request).await?;
        Ok(made.into_inner().secret)
    }

    /// The key that may do everything that a key may.
    #[must_use]
    pub fn operator_key(&self) -> &str {
        &self.operator.key
    }

    /// Puts the shipped policy in service for a tenant.
    ///
    /// # Errors
    /// If it isn't built, or is refused.
    pub async fn install_standard_returns(&self, shop: &Shop) -> anyhow::Result<()> {
        bundles::install_standard_returns(shop).await.map(drop)
    }

    /// Whole days before now, to the second.
    #[must_use]
    pub fn days_ago(&self, days: i64) -> Timestamp {
        days_ago(days)
    }

    /// The database of one service, for whoever looks inside.
    #[must_use]
    pub fn database(&self, service: &str) -> StoreConfig {
        self.fresh.store(service)
    }

    /// The processes, where there is one per service.
    pub fn apart(&mut self) -> Option<&mut Apart> {
        match &mut self.home {
            Home::Here(_) => None,
            Home::Apart(apart) => Some(apart),
        }
    }

    /// Ends the platform; true if nothing had to be cut off.
    ///
    /// # Errors
    /// If a process can't be asked to stop.
    pub async fn stop(self) -> anyhow::Result<bool> {
        match self.home {
            Home::Here(platform) => Ok(platform.stop(GRACE).await),
            Home::Apart(apart) => apart.stop(GRACE).await,
        }
    }
}

/// Whole days before now, to the second.
#[must_use]
pub fn days_ago(days: i64) -> Timestamp {
    let (seconds, _) = SystemClock.now().plus_days(-days).to_seconds_nanos();
    Timestamp { seconds, nanos: 0 }
}

/// A fresh database, whose folder shares the machine code of plugins with those of other tests: a
/// debug build takes seconds to compile one, and all tests install the same few.
///
/// # Errors
/// If the shared folder can't be made.
pub fn fresh(database: Database) -> anyhow::Result<Fresh> {
    let fresh = Fresh::new(database);
    let shared = std::env::current_exe()?.with_file_name("journeys-components");
    std::fs::create_dir_all(&shared)?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(&shared, fresh.folder().join("components"))?;
    Ok(fresh)
}

/// The settings of a platform on a fresh database, as environment variables.
pub fn settings(fresh: &Fresh) -> Vec<(String, String)> {
    let folder = fresh.folder().display().to_string();
    let mut settings = vec![
        ("POSTLUDE_DATA_DIR", folder),
        ("POSTLUDE_GATEWAY__LISTEN", "127.0.0.1:0".to_owned()),
        ("POSTLUDE_OPS__LISTEN", "127.0.0.1:0".to_owned()),
        ("POSTLUDE_LOG__LEVEL", "warn".to_owned()),
        (
            "POSTLUDE_OUTGOING__ALLOWED_CIDRS",
            r#"["127.0.0.0/8"]"#.to_owned(),
        ),
    ];
    if let Some(url) = fresh.url() {
        settings.extend([
            ("POSTLUDE_DATABASE__URL", url.to_owned()),
            // Many tests share one server, and each platform has five pools.
            ("POSTLUDE_DATABASE__MAX_CONNECTIONS", "4".to_owned()),
            (
                "POSTLUDE_DATABASE__SCHEMA_PREFIX",
                format!("{}_", fresh.prefix()),
            ),
        ]);
    }
    settings
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
