//! One service at work, with everything around it in the test's hand.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use postlude_bus::{Bus as _, DeadLetter, DeadLetterFilter};
use postlude_chassis::{Caller, Context, Service, ServiceChannel, config::ServiceConfig};
use postlude_kernel::{Clock as _, IdSource as _, ManualClock, TenantId, Timestamp};
use postlude_proto::Event;
use postlude_store::{Envelope, Publish as _, Store, relay, timers};
use tonic::service::Routes;

use crate::{
    Database, Emitted, days,
    setup::{AtWork, Factory, Refusal, Setup},
    until,
};

/// When every test begins: Tuesday 2026-03-03, noon, UTC.
pub const START: &str = "2026-03-03T12:00:00Z";

/// One service at work. It leaves nothing behind but, on PostgreSQL, its schemas.
pub struct Kit {
    setup: Setup,
    at_work: AtWork,
}

/// What is around the service, before it starts.
#[derive(Default)]
#[must_use = "nothing starts before `start`"]
pub struct Builder {
    section: Option<String>,
    upstreams: BTreeMap<String, Routes>,
}

impl Builder {
    /// The service's section of the configuration, as TOML.
    pub fn config(mut self, toml: &str) -> Self {
        self.section = Some(toml.to_owned());
        self
    }

    /// Another service, played by the test: what it answers to calls of the service under test.
    pub fn upstream(mut self, name: &str, routes: Routes) -> Self {
        self.upstreams.insert(name.to_owned(), routes);
        self
    }

    /// Starts the service `name`. `make` migrates the store of its context and gives the service.
    ///
    /// # Panics
    /// If anything fails.
    pub async fn start<F, Fut, E>(self, name: &'static str, database: Database, make: F) -> Kit
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Service, E>> + Send + 'static,
        E: Into<Refusal>,
    {
        let make = Arc::new(make);
        let factory: Factory = Arc::new(move |context| -> BoxFuture<'static, _> {
            let make = Arc::clone(&make);
            Box::pin(async move { make(context).await.map_err(Into::into) })
        });
        let section = self.section.map_or_else(
            || ServiceConfig::empty(name),
            |toml| ServiceConfig::from_toml(name, &toml).expect("the test's configuration is TOML"),
        );
        let setup = Setup::new(name, database, section, self.upstreams, factory);
        let at_work = setup.open().await;
        Kit { setup, at_work }
    }
}

impl Kit {
    /// What is around the service, before it starts.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts the service `name` with its default configuration and nobody around it.
    ///
    /// # Panics
    /// If anything fails.
    pub async fn start<F, Fut, E>(name: &'static str, database: Database, make: F) -> Self
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Service, E>> + Send + 'static,
        E: Into<Refusal>,
    {
        Self::builder().start(name, database, make).await
    }

    /// A key's caller of `tenant` that holds `scopes`.
    ///
    /// # Panics
    /// If `tenant` is no tenant's id.
    #[must_use]
    pub fn caller(&self, tenant: &str, scopes: &[&str]) -> Caller {
        Caller {
            tenant: self.tenant(tenant),
            subject: "key:test".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        }
    }

    /// The service as a key of `tenant` with `scopes` calls it: `OrderServiceClient::new(channel)`.
    #[must_use]
    pub fn channel(&self, tenant: &str, scopes: &[&str]) -> ServiceChannel {
        let caller = self.caller(tenant, scopes);
        self.at_work.clients.to(self.setup.name, &caller)
    }

    /// The service as a key of `tenant` that holds every scope calls it.
    #[must_use]
    pub fn full_channel(&self, tenant: &str) -> ServiceChannel {
        self.channel(tenant, &postlude_proto::scopes())
    }

    /// The service as another service calls it, for the methods that are for services alone.
    #[must_use]
    pub fn internal_channel(&self, tenant: &str) -> ServiceChannel {
        let caller = Caller::service("test", self.tenant(tenant));
        self.at_work.clients.to(self.setup.name, &caller)
    }

    /// The service's routes with nobody's identity on a call: what must answer UNAUTHENTICATED.
    #[must_use]
    pub fn routes(&self) -> Routes {
        self.at_work.running.routes()
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// The clock, for what needs it besides the service.
    #[must_use]
    pub fn clock(&self) -> Arc<ManualClock> {
        Arc::clone(&self.setup.clock)
    }

    /// Lets time pass. What is due then happens on its own; [`drain`](Self::drain) waits for it.
    pub fn advance(&self, by: Duration) {
        self.setup.clock.advance(by);
        self.at_work.kick();
    }

    /// Lets whole days pass.
    pub fn advance_days(&self, count: u64) {
        self.advance(days(count));
    }

    /// Waits until the service has nothing left to do: the outbox is empty, consumers have caught up,
    /// due timers have fired. An event that a consumer refuses for now is waited for, so that a test
    /// never goes on beside it.
    ///
    /// # Panics
    /// If it doesn't come to rest in time; the panic says what is left.
    pub async fn drain(&self) {
        let mut left = String::new();
        let rest = tokio::time::timeout(crate::DEADLINE, async {
            // Twice in a row: what was seen first may have left work for what was seen before it.
            let mut quiet = 0;
            while quiet < 2 {
                self.at_work.kick();
                left = self.at_work.left().await;
                if left.is_empty() {
                    quiet += 1;
                } else {
                    quiet = 0;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        });
        if rest.await.is_err() {
            panic!("the service did not come to rest: {left}");
        }
    }

    /// Tells an event of another service, as its relay would.
    ///
    /// # Panics
    /// If the bus refuses it.
    pub async fn publish<E: Event>(&self, tenant: &str, subject: &str, revision: i64, event: &E) {
        self.send(vec![self.envelope(tenant, subject, revision, event)])
            .await;
    }

    /// An event of another service on its way, to be sent once, twice or in another order.
    #[must_use]
    pub fn envelope<E: Event>(
        &self,
        tenant: &str,
        subject: &str,
        revision: i64,
        event: &E,
    ) -> Envelope {
        Envelope {
            id: self.setup.ids.id("evt", self.now()),
            r#type: E::TYPE.to_owned(),
            domain: E::DOMAIN.to_owned(),
            name: E::NAME.to_owned(),
            tenant: self.tenant(tenant),
            subject: subject.to_owned(),
            revision,
            time: self.now(),
            traceparent: None,
            payload: event.encode_to_vec().into(),
        }
    }

    /// Hands envelopes to the bus, one after the other.
    ///
    /// # Panics
    /// If the bus refuses one.
    pub async fn send(&self, envelopes: Vec<Envelope>) {
        for envelope in envelopes {
            self.at_work
                .bus
                .publish(vec![envelope])
                .await
                .expect("the bus takes the event");
        }
    }

    /// Every event of a type that was told, the service's own and injected ones, oldest first.
    #[must_use]
    pub fn events<E: Event>(&self) -> Vec<Emitted<E>> {
        self.setup.record.of_type()
    }

    /// Every event that the service itself told, undecoded, oldest first.
    #[must_use]
    pub fn told(&self) -> Vec<Envelope> {
        let mut all = self.setup.record.all();
        all.retain(|envelope| envelope.domain == self.setup.name.replace('_', "-"));
        all
    }

    /// Events that a consumer gave up.
    ///
    /// # Panics
    /// If the bus doesn't answer.
    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        self.at_work
            .bus
            .dead_letters(DeadLetterFilter::default())
            .await
            .expect("the bus lists dead letters")
    }

    /// Asks until `probe` gives a value; the clock stands still meanwhile.
    ///
    /// # Panics
    /// If it doesn't in time.
    pub async fn until<T>(&self, what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
        until(what, probe).await
    }

    /// Ends the service and starts it again on the same data, as after an upgrade.
    ///
    /// # Panics
    /// If anything fails.
    pub async fn restart(&mut self) {
        self.at_work.end().await;
        self.at_work = self.setup.open().await;
    }

    /// The service's database, for what no RPC shows.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.at_work.store
    }

    /// Which database it runs on.
    #[must_use]
    pub const fn database(&self) -> Database {
        self.setup.fresh.database()
    }

    fn tenant(&self, tenant: &str) -> TenantId {
        TenantId::parse(tenant).unwrap_or_else(|error| panic!("`{tenant}`: {error}"))
    }
}

impl AtWork {
    fn kick(&self) {
        self.store.kick();
        self.bus.kick();
    }

    /// What there is left to do, in words; empty if nothing is.
    async fn left(&self) -> String {
        let mut left = Vec::new();
        if !self.bus.all_consume(&self.consumers) {
            left.push("consumers that have not begun".to_owned());
        }
        let due = timers::due_count(&self.store, &self.handlers)
            .await
            .expect("timers can be counted");
        if due > 0 {
            left.push(format!("{due} due timers"));
        }
        let pending = relay::pending(&self.store)
            .await
            .expect("the outbox can be counted");
        if pending > 0 {
            left.push(format!("{pending} events in the outbox"));
        }
        if !self.bus.is_caught_up().await.expect("the bus can be asked") {
            left.push("events that consumers have not handled".to_owned());
        }
        left.join(", ")
    }
}
