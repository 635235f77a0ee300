//! The bus between processes, on NATS JetStream.
//!
//! - `place`: names, and the streams behind them. `message`: an event as CloudEvents headers.
//! - `publish`: batches, all or none. `durable`: a consumer that goes on where it stopped.
//! - `dead`: dead letters. `undertaker`: those that no handler lived to write. `listen`: every replica.
//!
//! The databases are the truth, this is transport: what the broker loses the outboxes send again, and
//! what it delivers twice the inboxes recognise. Its features save work, and no meaning hangs on them.

mod advice;
mod dead;
mod durable;
mod listen;
mod message;
mod place;
mod publish;
mod undertaker;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::{Client, ConnectOptions, Event, jetstream::Context};
use postlude_kernel::{Clock, IdSource};
use postlude_store::{Envelope, Publish, PublishError, envelope::Redaction};
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use self::{durable::Durable, durable::Progress, place::Place};
use crate::{Bus, BusError, ConsumerSpec, DeadLetter, DeadLetterFilter, Filter, Handler, Lag};

/// A question to the broker takes this long at most.
const REQUEST: Duration = Duration::from_secs(5);
/// How long a start waits for the broker before it goes on without.
const START: Duration = Duration::from_secs(3);

/// Where the broker is and how the platform uses it.
#[derive(Debug, Clone)]
pub struct JetStreamConfig {
    /// `nats://host:4222`, `nats://user:password@host:4222`, several with commas between.
    pub url: String,
    /// Stands first in every subject, and in capitals in the streams' names.
    pub prefix: String,
    /// How many servers keep each message: 1, or 3 and 5 in a cluster.
    pub replicas: usize,
    /// A delivery that is neither answered nor worked on comes again after this long.
    pub ack_wait: Duration,
    /// The server's monitoring address, `http://host:8222`; empty if there is none to ask.
    pub monitor: String,
}

/// The bus between processes: streams of NATS JetStream.
pub struct JetStreamBus {
    shared: Arc<Shared>,
}

/// What the bus and its consumers share.
struct Shared {
    client: Client,
    context: Context,
    place: Place,
    config: JetStreamConfig,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    /// Counts connections made and lost.
    connection: watch::Sender<u64>,
    /// The connection for which the streams were seen to be right, and which incarnation they are.
    prepared: tokio::sync::Mutex<Option<(u64, String)>>,
    running: Mutex<HashMap<String, Arc<Progress>>>,
    undertaker: std::sync::Once,
    stop: CancellationToken,
}

impl std::fmt::Debug for JetStreamBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JetStreamBus")
    }
}

impl JetStreamBus {
    /// Connects, and makes the streams that are missing.
    ///
    /// A broker that can't be reached now is no error: what is committed waits in the outboxes, and
    /// the connection is made when the broker is there.
    ///
    /// # Errors
    /// [`BusError::Setup`] if the configuration is wrong or the broker can't be used as it is set up.
    pub async fn connect(
        config: JetStreamConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, BusError> {
        let place = Place::new(&config.prefix, config.replicas)?;
        let connection = watch::Sender::new(0);
        let counter = connection.clone();
        let client = ConnectOptions::new()
            .name("postlude")
            .retry_on_initial_connect()
            .connection_timeout(START)
            .request_timeout(Some(REQUEST))
            .ping_interval(Duration::from_secs(5))
            .reconnect_delay_callback(|attempts| {
                let attempts = u32::try_from(attempts).unwrap_or(u32::MAX).min(4);
                Duration::from_millis(125) * 2_u32.pow(attempts)
            })
            .event_callback(move |event| {
                tell(&event);
                if matches!(event, Event::Connected | Event::Disconnected) {
                    counter.send_modify(|count| *count += 1);
                }
                std::future::ready(())
            })
            .connect(addresses(&config.url)?)
            .await
            .map_err(|error| BusError::Setup(error.to_string()))?;
        let mut context = async_nats::jetstream::new(client.clone());
        context.set_timeout(REQUEST);
        let shared = Arc::new(Shared {
            client,
            context,
            place,
            config,
            clock,
            ids,
            connection,
            prepared: tokio::sync::Mutex::default(),
            running: Mutex::default(),
            undertaker: std::sync::Once::new(),
            stop: CancellationToken::new(),
        });
        match tokio::time::timeout(START, shared.prepare()).await {
            Ok(Ok(_)) => advice::give(&shared.config).await,
            Ok(Err(BusError::Setup(what))) => return Err(BusError::Setup(what)),
            Ok(Err(error)) => tracing::warn!(%error, "the broker can't be used yet; events wait"),
            Err(_) => tracing::warn!("the broker doesn't answer yet; events wait"),
        }
        Ok(Self { shared })
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Progress>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The streams are there and right. Asked of the broker once per connection. Answers which
    /// incarnation of the streams it is.
    async fn prepare(&self) -> Result<String, BusError> {
        let mut prepared = self.prepared.lock().await;
        let connection = *self.connection.borrow();
        if let Some((seen, incarnation)) = &*prepared
            && *seen == connection
        {
            return Ok(incarnation.clone());
        }
        let fresh = self.ids.ulid(self.clock.now()).to_string();
        let found = self.place.prepare(&self.context, &fresh).await?;
        *prepared = Some((connection, found.incarnation.clone()));
        Ok(found.incarnation)
    }

    /// Looks again before the next use: something went wrong.
    async fn doubt(&self) {
        *self.prepared.lock().await = None;
    }
}

#[async_trait::async_trait]
impl Publish for JetStreamBus {
    async fn publish(&self, batch: Vec<Envelope>) -> Result<(), PublishError> {
        let (redactions, events): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|envelope| Redaction::of(envelope).is_some());
        let work = async {
            self.shared.prepare().await?;
            publish::publish(&self.shared, &events).await?;
            for redaction in redactions.iter().filter_map(Redaction::of) {
                dead::redact(&self.shared, &redaction.event_ids).await?;
            }
            Ok::<_, BusError>(())
        };
        let done = work.await;
        if done.is_err() {
            self.shared.doubt().await;
        }
        done.map_err(PublishError::new)
    }

    fn system(&self) -> &'static str {
        "nats"
    }

    async fn incarnation(&self) -> Result<Option<String>, PublishError> {
        let incarnation = self.shared.prepare().await.map_err(PublishError::new)?;
        Ok(Some(incarnation))
    }
}

#[async_trait::async_trait]
impl Bus for JetStreamBus {
    async fn consume(
        &self,
        spec: ConsumerSpec,
        handler: Arc<dyn Handler>,
        stop: CancellationToken,
    ) -> Result<(), BusError> {
        let shared = &self.shared;
        shared.undertaker.call_once(|| {
            tokio::spawn(undertaker::run(Arc::clone(shared), shared.stop.clone()));
        });
        let registered = Registered::new(shared, &spec)?;
        let progress = Arc::clone(&registered.progress);
        let done = Durable::new(Arc::clone(shared), spec, handler, progress)
            .run(stop)
            .await;
        if done.is_err() {
            shared.doubt().await;
        }
        done
    }

    async fn listen(
        &self,
        filter: Filter,
        stop: CancellationToken,
    ) -> Result<ReceiverStream<Envelope>, BusError> {
        listen::start(&self.shared, &filter, stop).await
    }

    async fn dead_letters(&self, filter: DeadLetterFilter) -> Result<Vec<DeadLetter>, BusError> {
        self.shared.prepare().await?;
        dead::list(&self.shared, &filter).await
    }

    async fn dead_letter(&self, id: &str) -> Result<DeadLetter, BusError> {
        self.shared.prepare().await?;
        dead::one(&self.shared, id).await
    }

    async fn replay(&self, id: &str) -> Result<(), BusError> {
        self.shared.prepare().await?;
        dead::replay(&self.shared, id).await
    }

    async fn is_caught_up(&self) -> Result<bool, BusError> {
        let running: Vec<Arc<Progress>> = self.shared.running().values().cloned().collect();
        for progress in running {
            if !progress.is_caught_up().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn lag(&self, service: &str) -> Result<Vec<Lag>, BusError> {
        let running: Vec<Arc<Progress>> = self.shared.running().values().cloned().collect();
        let mut lags = Vec::with_capacity(running.len());
        for progress in running.iter().filter(|one| one.service() == service) {
            lags.extend(progress.lag().await?);
        }
        Ok(lags)
    }

    fn kick(&self) {}

    async fn close(&self) {
        self.shared.stop.cancel();
        // What was answered last is still on its way.
        if tokio::time::timeout(Duration::from_secs(1), self.shared.client.flush())
            .await
            .is_err()
        {
            tracing::warn!("the broker doesn't take the last answers; deliveries come again");
        }
    }
}

impl Drop for JetStreamBus {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

fn addresses(url: &str) -> Result<Vec<async_nats::ServerAddr>, BusError> {
    url.split(',')
        .map(|one| {
            // The address may hold a password: it isn't repeated.
            one.trim()
                .parse()
                .map_err(|_invalid| BusError::Setup("nats.url is no address of NATS".to_owned()))
        })
        .collect()
}

fn tell(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to the event broker"),
        Event::Disconnected => tracing::warn!("the event broker is gone; events wait"),
        Event::LameDuckMode
        | Event::Draining
        | Event::Closed
        | Event::SlowConsumer(_)
        | Event::ServerError(_)
        | Event::ClientError(_) => tracing::warn!(%event, "the event broker"),
    }
}

/// A name that is consumed under in this process, until it is dropped.
struct Registered {
    shared: Arc<Shared>,
    name: String,
    progress: Arc<Progress>,
}

impl Registered {
    fn new(shared: &Arc<Shared>, spec: &ConsumerSpec) -> Result<Self, BusError> {
        let progress = Arc::new(Progress::new(spec));
        let mut running = shared.running();
        if running.contains_key(&spec.name) {
            return Err(BusError::Consuming(spec.name.clone()));
        }
        running.insert(spec.name.clone(), Arc::clone(&progress));
        drop(running);
        Ok(Self {
            shared: Arc::clone(shared),
            name: spec.name.clone(),
            progress,
        })
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.shared.running().remove(&self.name);
    }
}
