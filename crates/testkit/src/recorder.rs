//! A bus that remembers what was published on it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use postlude_bus::{
    Bus, BusError, ConsumerSpec, DeadLetter, DeadLetterFilter, EmbeddedBus, Envelope, Filter,
    Handler, Lag, Publish, PublishError,
};
use postlude_kernel::{TenantId, Timestamp};
use postlude_proto::Event;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// An event that the service told.
#[derive(Debug, Clone, PartialEq)]
pub struct Emitted<E> {
    /// Whose it is.
    pub tenant: TenantId,
    /// The aggregate that it is about.
    pub subject: String,
    /// The aggregate's revision that it tells.
    pub revision: i64,
    /// When it happened.
    pub time: Timestamp,
    /// The event itself.
    pub message: E,
}

/// What was published, once per id, in the order of the first time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Envelope>>>);

impl Record {
    /// Remembers those of a batch that are new.
    pub(crate) fn remember(&self, batch: &[Envelope]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for envelope in batch {
            if !seen.iter().any(|known| known.id == envelope.id) {
                seen.push(envelope.clone());
            }
        }
    }

    /// Everything, oldest first.
    pub(crate) fn all(&self) -> Vec<Envelope> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Everything of a type, oldest first.
    pub(crate) fn of_type<E: Event>(&self) -> Vec<Emitted<E>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter()
            .filter(|envelope| envelope.r#type == E::TYPE)
            .map(|envelope| Emitted {
                tenant: envelope.tenant.clone(),
                subject: envelope.subject.clone(),
                revision: envelope.revision,
                time: envelope.time,
                message: E::decode(envelope.payload.clone()).expect("an event can be read"),
            })
            .collect()
    }
}

/// The embedded bus, with a memory.
pub(crate) struct Recording {
    bus: EmbeddedBus,
    record: Record,
    consumers: Mutex<BTreeSet<String>>,
}

impl Recording {
    pub(crate) fn new(bus: EmbeddedBus, record: Record) -> Self {
        Self {
            bus,
            record,
            consumers: Mutex::default(),
        }
    }

    /// Whether every one of these has begun to consume.
    pub(crate) fn all_consume(&self, names: &BTreeSet<String>) -> bool {
        self.consumers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_superset(names)
    }
}

#[async_trait::async_trait]
impl Publish for Recording {
    async fn publish(&self, batch: Vec<Envelope>) -> Result<(), PublishError> {
        self.bus.publish(batch.clone()).await?;
        self.record.remember(&batch);
        Ok(())
    }
}

#[async_trait::async_trait]
impl Bus for Recording {
    async fn consume(
        &self,
        spec: ConsumerSpec,
        handler: Arc<dyn Handler>,
        stop: CancellationToken,
    ) -> Result<(), BusError> {
        let name = spec.name.clone();
        let mut consuming = self.bus.consume(spec, handler, stop);
        // Its first step takes the name; from then on the bus counts it when asked whether all have
        // caught up.
        let first = futures_util::poll!(&mut consuming);
        self.consumers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name);
        match first {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => consuming.await,
        }
    }

    async fn listen(
        &self,
        filter: Filter,
        stop: CancellationToken,
    ) -> Result<ReceiverStream<Envelope>, BusError> {
        self.bus.listen(filter, stop).await
    }

    async fn dead_letters(&self, filter: DeadLetterFilter) -> Result<Vec<DeadLetter>, BusError> {
        self.bus.dead_letters(filter).await
    }

    async fn dead_letter(&self, id: &str) -> Result<DeadLetter, BusError> {
        self.bus.dead_letter(id).await
    }

    async fn replay(&self, id: &str) -> Result<(), BusError> {
        self.bus.replay(id).await
    }

    async fn is_caught_up(&self) -> Result<bool, BusError> {
        self.bus.is_caught_up().await
    }

    async fn lag(&self, service: &str) -> Result<Vec<Lag>, BusError> {
        self.bus.lag(service).await
    }

    fn kick(&self) {
        self.bus.kick();
    }

    async fn close(&self) {
        self.bus.close().await;
    }
}
