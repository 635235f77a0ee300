//! The embedded bus with a clock of its own; JetStream with streams of its own.

use std::{sync::Arc, time::Duration};

use postlude_bus::{Bus, EmbeddedBus, JetStreamBus, JetStreamConfig, conformance::Rig};
use postlude_kernel::{ManualClock, SystemClock, SystemIds, Timestamp};
use postlude_store::{
    StoreConfig,
    sea_orm::{ConnectionTrait as _, Database},
};

const POSTGRES_URL: &str = "POSTLUDE_TEST_POSTGRES_URL";
const NATS_URL: &str = "POSTLUDE_TEST_NATS_URL";

pub(crate) struct Embedded {
    pub(crate) bus: Arc<EmbeddedBus>,
    pub(crate) clock: Arc<ManualClock>,
    config: StoreConfig,
    _folder: Option<tempfile::TempDir>,
}

pub(crate) async fn sqlite(_case: &str) -> Embedded {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig {
        url: format!("sqlite://{}/bus.db", folder.path().display()),
        schema: String::new(),
        max_connections: 4,
    };
    Embedded::open(config, Some(folder)).await
}

pub(crate) async fn postgres(case: &str) -> Embedded {
    let url = std::env::var(POSTGRES_URL)
        .unwrap_or_else(|_| panic!("set {POSTGRES_URL} to a PostgreSQL database for tests"));
    // By the case, not by the process: the next run clears away what this one leaves.
    let schema: String = format!("bus_{case}").chars().take(60).collect();
    let connection = Database::connect(&url).await.unwrap();
    let sql = format!(r#"DROP SCHEMA IF EXISTS "{schema}" CASCADE"#);
    connection.execute_unprepared(&sql).await.unwrap();
    let config = StoreConfig {
        url,
        schema,
        max_connections: 6,
    };
    Embedded::open(config, None).await
}

impl Embedded {
    async fn open(config: StoreConfig, folder: Option<tempfile::TempDir>) -> Self {
        let start = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let bus = EmbeddedBus::open(&config, clock.clone(), Arc::new(SystemIds)).await;
        Self {
            bus: Arc::new(bus.unwrap()),
            clock,
            config,
            _folder: folder,
        }
    }
}

#[async_trait::async_trait]
impl Rig for Embedded {
    fn bus(&self) -> Arc<dyn Bus> {
        self.bus.clone()
    }

    async fn restart(&self) -> Arc<dyn Bus> {
        let bus = EmbeddedBus::open(&self.config, self.clock.clone(), Arc::new(SystemIds)).await;
        Arc::new(bus.unwrap())
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.bus.kick();
    }
}

pub(crate) struct JetStream {
    pub(crate) bus: Arc<JetStreamBus>,
    pub(crate) config: JetStreamConfig,
    pub(crate) context: async_nats::jetstream::Context,
}

pub(crate) async fn jetstream(case: &str) -> JetStream {
    let url = std::env::var(NATS_URL)
        .unwrap_or_else(|_| panic!("set {NATS_URL} to a nats-server for tests"));
    let context = async_nats::jetstream::new(async_nats::connect(&url).await.unwrap());
    let config = JetStreamConfig {
        url,
        // By the case, not by the process: the next run clears away what this one leaves.
        prefix: format!("t_{case}").chars().take(60).collect(),
        replicas: 1,
        ack_wait: Duration::from_secs(1),
        monitor: String::new(),
    };
    let rig = JetStream {
        bus: Arc::new(connect(&config).await),
        config,
        context,
    };
    rig.wipe().await;
    JetStream {
        bus: Arc::new(connect(&rig.config).await),
        ..rig
    }
}

pub(crate) async fn connect(config: &JetStreamConfig) -> JetStreamBus {
    JetStreamBus::connect(config.clone(), Arc::new(SystemClock), Arc::new(SystemIds))
        .await
        .unwrap()
}

impl JetStream {
    /// What the broker kept is gone, as if its disk were.
    pub(crate) async fn wipe(&self) {
        for what in ["EVENTS", "DEAD", "GIVEN_UP"] {
            let stream = format!("{}_{what}", self.config.prefix.to_uppercase());
            self.context.delete_stream(stream).await.unwrap();
        }
    }
}

#[async_trait::async_trait]
impl Rig for JetStream {
    fn bus(&self) -> Arc<dyn Bus> {
        self.bus.clone()
    }

    async fn restart(&self) -> Arc<dyn Bus> {
        Arc::new(connect(&self.config).await)
    }

    fn advance(&self, _by: Duration) {}
}
