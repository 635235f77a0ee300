//! What a kit is made of: the part that survives a restart, and the part that doesn't.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use postlude_bus::{Bus as _, EmbeddedBus};
use postlude_chassis::{
    Clients, Context, Outgoing, Running, Service,
    config::{OutgoingConfig, ServiceConfig},
    identity::Key,
};
use postlude_kernel::{Clock, IdSource, ManualClock, SeededIds, Timestamp};
use postlude_store::{Store, timers};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    Database, Fresh, START,
    recorder::{Record, Recording},
};

/// How long the service may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// Any error of the service's own.
pub(crate) type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Makes the service, again after every restart.
pub(crate) type Factory =
    Arc<dyn Fn(Context) -> BoxFuture<'static, Result<Service, Refusal>> + Send + Sync>;

/// What survives a restart.
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) fresh: Fresh,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) record: Record,
    key: Key,
    section: ServiceConfig,
    upstreams: BTreeMap<String, Routes>,
    factory: Factory,
}

/// What a restart replaces.
pub(crate) struct AtWork {
    stop: CancellationToken,
    pub(crate) running: Running,
    pub(crate) store: Store,
    pub(crate) bus: Arc<Recording>,
    pub(crate) clients: Clients,
    pub(crate) handlers: timers::Handlers,
    pub(crate) consumers: BTreeSet<String>,
}

impl Setup {
    pub(crate) fn new(
        name: &'static str,
        database: Database,
        section: ServiceConfig,
        upstreams: BTreeMap<String, Routes>,
        factory: Factory,
    ) -> Self {
        let start = Timestamp::parse(START).expect("the start is a time");
        Self {
            name,
            fresh: Fresh::new(database),
            clock: Arc::new(ManualClock::at(start)),
            ids: Arc::new(SeededIds::new(0)),
            record: Record::default(),
            key: Key::generate().expect("a key can be made"),
            section,
            upstreams,
            factory,
        }
    }

    /// Opens the databases and starts the service.
    pub(crate) async fn open(&self) -> AtWork {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let ids: Arc<dyn IdSource> = Arc::clone(&self.ids) as Arc<dyn IdSource>;
        let config = self.fresh.store(self.name);
        let store = Store::open(&config, self.name, Arc::clone(&clock), Arc::clone(&ids))
            .await
            .expect("the service's database opens");
        let config = self.fresh.store("bus");
        let bus = EmbeddedBus::open(&config, Arc::clone(&clock), Arc::clone(&ids))
            .await
            .expect("the bus opens");
        let bus = Arc::new(Recording::new(bus, self.record.clone()));
        let signer = self.key.signer(Arc::clone(&clock)).expect("a key signs");
        let clients = Clients::new(signer, None);
        for (name, routes) in &self.upstreams {
            clients.register(name, routes.clone());
        }
        let outgoing = OutgoingConfig {
            allowed_cidrs: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
            ..OutgoingConfig::default()
        };
        let context = Context {
            name: self.name,
            clock: Arc::clone(&clock),
            ids,
            store: store.clone(),
            clients: clients.clone(),
            outgoing: Outgoing::new(&outgoing).expect("the outgoing client"),
            bus: Arc::clone(&bus) as Arc<dyn postlude_bus::Bus>,
            verifier: self.key.verifier(clock),
            data_dir: Some(self.fresh.folder().to_owned()),
            config: self.section.clone(),
        };
        let service = (self.factory)(context)
            .await
            .unwrap_or_else(|error| panic!("the service does not start: {error}"));
        let handlers = service.timer_handlers().clone();
        let consumers = service.consumer_names().map(str::to_owned).collect();
        let stop = CancellationToken::new();
        let running = service.start(&stop);
        AtWork {
            stop,
            running,
            store,
            bus,
            clients,
            handlers,
            consumers,
        }
    }
}

impl AtWork {
    /// Ends the service and closes its databases.
    pub(crate) async fn end(&self) {
        assert!(
            self.running.drain(GRACE).await,
            "the service did not end within {GRACE:?}"
        );
        self.store.close().await;
        self.bus.close().await;
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // A test that ends leaves no task that writes to a folder which is gone.
        self.stop.cancel();
    }
}
