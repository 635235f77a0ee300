//! PostgreSQL, NATS and replicas of each service, as processes of this machine.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use postlude::{Part, Surroundings, platform};
use postlude_journeys::{Apart, Shop, apart::Launch, keys, process, sink::Sink};
use postlude_proto::gateway::v1::{CreateApiKeyRequest, CreateTenantRequest, Tenant};
use postlude_xtask::{
    nats::{self, Nats},
    postgres::{self, Care, Postgres},
};
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::proxy::Proxy;

/// How long processes may take to end.
pub const GRACE: Duration = Duration::from_secs(30);

/// What is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The command line.
    pub binary: PathBuf,
    /// Processes of each service; of the gateway there is one.
    pub replicas: usize,
    /// Where the gateway listens; anywhere, if absent.
    pub gateway: Option<String>,
    /// Whether services reach PostgreSQL and NATS through proxies that a test may disturb.
    pub proxied: bool,
    /// Further settings, as environment variables.
    pub settings: Vec<(String, String)>,
}

impl Options {
    /// One process per service.
    #[must_use]
    pub fn new(binary: &Path) -> Self {
        Self {
            binary: binary.to_path_buf(),
            replicas: 1,
            gateway: None,
            proxied: false,
            settings: Vec::new(),
        }
    }

    /// The same with so many processes of each service.
    #[must_use]
    pub fn replicas(self, replicas: usize) -> Self {
        Self { replicas, ..self }
    }
}

/// A platform at work. Dropping it kills everything.
pub struct Cluster {
    /// The services.
    pub apart: Apart,
    /// The broker.
    pub nats: Nats,
    /// The databases.
    pub postgres: Postgres,
    /// The network between services and PostgreSQL, where it was asked for.
    pub database_proxy: Option<Proxy>,
    /// The network between services and NATS, where it was asked for.
    pub broker_proxy: Option<Proxy>,
    /// A connection to the gateway.
    pub channel: Channel,
    operator: Shop,
    home: TempDir,
}

impl Cluster {
    /// Starts everything and waits until it takes calls.
    ///
    /// # Errors
    /// If something can't be found, or doesn't start.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let bin = postgres::find_or_install()?;
        let postgres = Postgres::start(&bin, Care::Durable)?;
        let nats = Nats::start(&nats::find_or_fetch()?)?;
        let home = tempfile::Builder::new()
            .prefix("postlude-cluster-")
            .tempdir()?;
        let logs = home.path().join("logs");
        std::fs::create_dir_all(&logs)?;
        let mut urls = [postgres.app_url(), nats.url()];
        let (mut database_proxy, mut broker_proxy) = (None, None);
        if options.proxied {
            for (url, proxy) in urls
                .iter_mut()
                .zip([&mut database_proxy, &mut broker_proxy])
            {
                let (begin, port, end) = split_port(url).context("an address with a port")?;
                let opened = Proxy::start(format!("127.0.0.1:{port}")).await?;
                *url = format!("{begin}{}{end}", opened.port());
                *proxy = Some(opened);
            }
        }
        let [database, broker] = urls;
        let mut settings = [
            (
                "POSTLUDE_DATA_DIR",
                home.path().join("data").display().to_string(),
            ),
            ("POSTLUDE_DATABASE__URL", database),
            ("POSTLUDE_DATABASE__MIGRATION_URL", postgres.url()),
            ("POSTLUDE_NATS__URL", broker),
            ("POSTLUDE_NATS__ACK_WAIT_SECONDS", "5".to_owned()),
            ("POSTLUDE_OPS__LISTEN", "127.0.0.1:0".to_owned()),
            ("POSTLUDE_LOG__LEVEL", "warn".to_owned()),
            (
                "POSTLUDE_OUTGOING__ALLOWED_CIDRS",
                r#"["127.0.0.0/8"]"#.to_owned(),
            ),
            // A load is one key's; what one retailer may ask for isn't the question here.
            ("POSTLUDE_GATEWAY__RATE_PER_SECOND", "1000000".to_owned()),
            ("POSTLUDE_GATEWAY__RATE_BURST", "1000000".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec();
        settings.extend(options.settings);
        let apart = Apart::launch(Launch {
            binary: options.binary,
            settings: settings.clone(),
            replicas: options.replicas,
            logs: Some(logs),
            gateway: options.gateway,
        })
        .await?;
        let channel = process::connect(apart.gateway()).await?;
        let config = platform::load_config(None, settings)?;
        let store = platform::open_store(&config, &Surroundings::default(), Part::Gateway).await?;
        let key = keys::operator(&store).await?;
        store.close().await;
        Ok(Self {
            operator: Shop::new(&channel, &key)?,
            apart,
            nats,
            postgres,
            database_proxy,
            broker_proxy,
            channel,
            home,
        })
    }

    /// A new tenant, whose key may do everything but manage tenants and whose refunds go to `sink`.
    ///
    /// # Errors
    /// If the platform refuses.
    pub async fn tenant(&self, tenant: &str, sink: &Sink) -> anyhow::Result<Shop> {
        let shop = self.tenant_of(tenant, &keys::all_but_platform()).await?;
        keys::refunds_go_to(&shop, sink).await?;
        Ok(shop)
    }

    /// A new tenant and a key of it that holds these scopes.
    ///
    /// # Errors
    /// If the platform refuses.
    pub async fn tenant_of(&self, tenant: &str, scopes: &[&str]) -> anyhow::Result<Shop> {
        let request = CreateTenantRequest {
            tenant: Some(Tenant {
                tenant_id: tenant.to_owned(),
                ..Tenant::default()
            }),
        };
        self.operator.admin.clone().create_tenant(request).await?;
        let request = CreateApiKeyRequest {
            tenant_id: tenant.to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ..CreateApiKeyRequest::default()
        };
        let made = self.operator.admin.clone().create_api_key(request).await?;
        Shop::new(&self.channel, &made.into_inner().secret)
    }

    /// Where clients call.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.apart.gateway())
    }

    /// Where each process logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.home.path().join("logs")
    }

    /// Asks every process to stop; true if all ended well.
    ///
    /// # Errors
    /// If one can't be asked.
    pub async fn stop(self) -> anyhow::Result<bool> {
        self.apart.stop(GRACE).await
    }
}

/// An address, split around its port.
fn split_port(url: &str) -> Option<(&str, u16, &str)> {
    let colon = url.rfind(':')? + 1;
    let (begin, rest) = url.split_at_checked(colon)?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit());
    let (port, end) = rest.split_at_checked(digits.unwrap_or(rest.len()))?;
    Some((begin, port.parse().ok()?, end))
}

#[cfg(test)]
mod tests {
    use super::split_port;

    #[test]
    fn an_address_is_split_around_its_port() {
        assert_eq!(
            split_port("postgres://me:secret@127.0.0.1:5433/db"),
            Some(("postgres://me:secret@127.0.0.1:", 5433, "/db"))
        );
        assert_eq!(
            split_port("nats://127.0.0.1:4222"),
            Some(("nats://127.0.0.1:", 4222, ""))
        );
    }
}
