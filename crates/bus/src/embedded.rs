//! The bus within one process, on a durable log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use postlude_kernel::{Clock, IdSource};
use postlude_store::{
    Envelope, Publish, PublishError, Store, StoreConfig,
    log::{self, EventLog},
};
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::{
    Bus, BusError, ConsumerSpec, DeadLetter, DeadLetterFilter, Filter, Handler, Lag,
    consumer::{Consumer, POLL, Progress},
};

/// How many events a slow listener may lie behind in memory; the rest waits in the log.
const LISTENER_BUFFER: usize = 64;

/// The bus within one process: events go into a log in a database of its own, consumers read it with
/// cursors that survive.
pub struct EmbeddedBus {
    shared: Arc<Shared>,
}

/// What the bus and its consumers share.
pub(crate) struct Shared {
    pub(crate) log: EventLog,
    pub(crate) wake: Notify,
    running: Mutex<HashMap<String, Arc<Progress>>>,
}

impl std::fmt::Debug for EmbeddedBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmbeddedBus")
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Progress>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EmbeddedBus {
    /// Opens the bus and brings its database up to date.
    ///
    /// # Errors
    /// [`BusError::Store`] if the database can't be opened.
    pub async fn open(
        config: &StoreConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, BusError> {
        let store = Store::open(config, "bus", clock, ids).await?;
        let log = EventLog::open(store).await?;
        Ok(Self {
            shared: Arc::new(Shared {
                log,
                wake: Notify::new(),
                running: Mutex::default(),
            }),
        })
    }
}

#[async_trait::async_trait]
impl Publish for EmbeddedBus {
    async fn publish(&self, batch: Vec<Envelope>) -> Result<(), PublishError> {
        self.shared
            .log
            .append(batch)
            .await
            .map_err(PublishError::new)?;
        self.shared.wake.notify_waiters();
        Ok(())
    }
}

#[async_trait::async_trait]
impl Bus for EmbeddedBus {
    async fn consume(
        &self,
        spec: ConsumerSpec,
        handler: Arc<dyn Handler>,
        stop: CancellationToken,
    ) -> Result<(), BusError> {
        let registered = Registered::new(&self.shared, &spec)?;
        let consumer = Consumer::new(
            Arc::clone(&self.shared),
            spec,
            handler,
            Arc::clone(&registered.progress),
        );
        consumer.run(stop).await
    }

    async fn listen(
        &self,
        filter: Filter,
        stop: CancellationToken,
    ) -> Result<ReceiverStream<Envelope>, BusError> {
        let after = self.shared.log.head().await?;
        let (sender, receiver) = mpsc::channel(LISTENER_BUFFER);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let listening = listen(shared, filter, after, sender);
            tokio::select! {
                () = stop.cancelled() => {}
                () = listening => {}
            }
        });
        Ok(ReceiverStream::new(receiver))
    }

    async fn dead_letters(&self, filter: DeadLetterFilter) -> Result<Vec<DeadLetter>, BusError> {
        let limit = if filter.limit == 0 { 100 } else { filter.limit };
        let rows = self
            .shared
            .log
            .dead_letters(
                filter.tenant.as_ref(),
                filter.consumer.as_deref(),
                filter.after.as_deref(),
                limit,
            )
            .await?;
        Ok(rows.into_iter().map(dead_letter).collect())
    }

    async fn dead_letter(&self, id: &str) -> Result<DeadLetter, BusError> {
        let row = self.shared.log.dead_letter(id).await?;
        row.map(dead_letter)
            .ok_or_else(|| BusError::NoDeadLetter(id.to_owned()))
    }

    async fn replay(&self, id: &str) -> Result<(), BusError> {
        match self.shared.log.replay(id).await? {
            log::Replay::Done => {
                self.shared.wake.notify_waiters();
                Ok(())
            }
            log::Replay::Missing => Err(BusError::NoDeadLetter(id.to_owned())),
            log::Replay::Redacted => Err(BusError::Redacted(id.to_owned())),
        }
    }

    async fn is_caught_up(&self) -> Result<bool, BusError> {
        let running: Vec<Arc<Progress>> = self.shared.running().values().cloned().collect();
        for progress in running {
            if !progress.is_caught_up(&self.shared.log).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn lag(&self, service: &str) -> Result<Vec<Lag>, BusError> {
        let running: Vec<Arc<Progress>> = self.shared.running().values().cloned().collect();
        let mut lags = Vec::with_capacity(running.len());
        for progress in running.iter().filter(|one| one.service() == service) {
            lags.push(progress.lag(&self.shared.log).await?);
        }
        Ok(lags)
    }

    fn kick(&self) {
        self.shared.wake.notify_waiters();
    }

    async fn close(&self) {
        self.shared.log.store().close().await;
    }
}

/// Reads the log behind its head for one listener. It ends when the listener is gone.
async fn listen(
    shared: Arc<Shared>,
    filter: Filter,
    mut after: i64,
    sender: mpsc::Sender<Envelope>,
) {
    let filters = [(filter.domain, filter.name)];
    loop {
        let woken = shared.wake.notified();
        tokio::pin!(woken);
        // From here on a publish isn't missed.
        woken.as_mut().enable();
        let batch = match shared.log.read(&filters, after, 64).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::warn!(%error, "a listener can't read the event log");
                Vec::new()
            }
        };
        let more = !batch.is_empty();
        for event in batch {
            after = event.seq;
            if sender.send(event.envelope).await.is_err() {
                return;
            }
        }
        if more {
            continue;
        }
        tokio::select! {
            () = woken => {}
            () = sender.closed() => return,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

fn dead_letter(row: log::DeadLetter) -> DeadLetter {
    DeadLetter {
        id: row.id,
        consumer: row.consumer,
        envelope: row.envelope,
        attempts: row.attempts,
        reason: row.reason,
        died_at: row.died_at,
        redacted: row.redacted,
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
