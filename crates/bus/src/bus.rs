//! The words of a bus.

use std::{sync::Arc, time::Duration};

use postlude_kernel::{Fault, FaultKind, TenantId, Timestamp};
use postlude_store::{Envelope, Publish, StoreError};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// A transport of events. Two real things stand behind it: the embedded log, and a broker.
///
/// What is published is kept and reaches every durable consumer whose filter it meets, at least once,
/// also when the consumer starts later.
#[async_trait::async_trait]
pub trait Bus: Publish {
    /// Hands the events of a durable consumer to its handler until `stop`; what runs then is waited
    /// for. The name makes it durable: whoever consumes under it next goes on where it stopped.
    async fn consume(
        &self,
        spec: ConsumerSpec,
        handler: Arc<dyn Handler>,
        stop: CancellationToken,
    ) -> Result<(), BusError>;

    /// Every event from now on that meets the filter, for this listener alone and without retries.
    async fn listen(
        &self,
        filter: Filter,
        stop: CancellationToken,
    ) -> Result<ReceiverStream<Envelope>, BusError>;

    /// Dead letters, oldest first.
    async fn dead_letters(&self, filter: DeadLetterFilter) -> Result<Vec<DeadLetter>, BusError>;

    /// One dead letter.
    async fn dead_letter(&self, id: &str) -> Result<DeadLetter, BusError>;

    /// Delivers a dead letter again to the consumer that gave it up, as if for the first time.
    async fn replay(&self, id: &str) -> Result<(), BusError>;

    /// Whether every consumer that runs here has been handed all that it is due now.
    async fn is_caught_up(&self) -> Result<bool, BusError>;

    /// How far the consumers of a service that run here are behind.
    async fn lag(&self, service: &str) -> Result<Vec<Lag>, BusError>;

    /// Looks for work at once instead of at the next poll: for tests that have moved their clock. A
    /// transport whose time isn't the platform's has nothing to do here.
    fn kick(&self);

    /// Lets go of what the bus holds. Stop the consumers first.
    async fn close(&self);
}

/// A durable consumer.
#[derive(Debug, Clone)]
pub struct ConsumerSpec {
    /// The service that consumes.
    pub service: &'static str,
    /// The durable name: unique on the bus.
    pub name: String,
    /// What it hears; an event that meets one of them.
    pub filters: Vec<Filter>,
    /// How many events are handled side by side.
    pub max_in_flight: usize,
    /// After so many deliveries an event is a dead letter.
    pub max_deliveries: u32,
    /// The wait after the first, second, … delivery that failed; the last goes on.
    pub backoff: Vec<Duration>,
}

impl ConsumerSpec {
    /// A consumer with the usual limits: 8 side by side, 10 deliveries over about an hour.
    #[must_use]
    pub fn new(service: &'static str, name: impl Into<String>, filters: Vec<Filter>) -> Self {
        Self {
            service,
            name: name.into(),
            filters,
            max_in_flight: 8,
            max_deliveries: 10,
            backoff: [1, 2, 5, 15, 30, 60, 300, 900, 1_800]
                .map(Duration::from_secs)
                .to_vec(),
        }
    }
}

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The service that tells them.
    pub domain: String,
    /// Their name.
    pub name: String,
}

impl Filter {
    /// A filter.
    pub fn new(domain: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            name: name.into(),
        }
    }

    /// Whether an event meets it.
    #[must_use]
    pub fn matches(&self, envelope: &Envelope) -> bool {
        self.domain == envelope.domain && self.name == envelope.name
    }
}

/// An event in a consumer's hands.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The event.
    pub envelope: Envelope,
    /// How often it was delivered, this time included; a crash may leave one uncounted.
    pub attempt: u32,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or was done before.
    Done,
    /// It may work later.
    RetryLater {
        /// When, if not by the consumer's backoff.
        after: Option<Duration>,
        /// Why it didn't work now.
        reason: String,
    },
    /// It will never work.
    Reject {
        /// Why.
        reason: String,
    },
}

/// What a consumer does with an event. It bears duplicates and any order.
#[async_trait::async_trait]
pub trait Handler: Send + Sync {
    /// Handles one delivery. A panic counts as [`Outcome::RetryLater`].
    async fn handle(&self, delivery: Delivery) -> Outcome;
}

/// How far a durable consumer is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// Its durable name.
    pub consumer: String,
    /// Events that it has yet to handle: new ones, ones in hand, and ones that wait for another try.
    pub events: u64,
}

/// Which dead letters; what is `None` doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct DeadLetterFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of this durable consumer.
    pub consumer: Option<String>,
    /// That come after the dead letter with this id.
    pub after: Option<String>,
    /// At most so many; 100 if it is zero.
    pub limit: u64,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its own id.
    pub id: String,
    /// The durable consumer that gave up.
    pub consumer: String,
    /// The event.
    pub envelope: Envelope,
    /// How often it was delivered.
    pub attempts: u32,
    /// The last reason.
    pub reason: String,
    /// When it was given up.
    pub died_at: Timestamp,
    /// The content is gone, with the customer it was about; it can't be replayed.
    pub redacted: bool,
}

/// What a bus can answer besides events.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The log's database failed.
    #[error("the event log failed")]
    Store(#[from] StoreError),
    /// There is no such dead letter.
    #[error("there is no dead letter `{0}`")]
    NoDeadLetter(String),
    /// The dead letter's content is gone.
    #[error("the content of dead letter `{0}` was erased with its customer")]
    Redacted(String),
    /// Two can't consume under one name in one process.
    #[error("`{0}` is consuming already")]
    Consuming(String),
    /// The broker can't be reached, or can't do what it was asked for now.
    #[error("the event broker failed")]
    Broker(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The broker can't be used as it is set up.
    #[error("the event broker can't be used: {0}")]
    Setup(String),
}

impl BusError {
    pub(crate) fn broker(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Broker(source.into())
    }
}

impl Fault for BusError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::NoDeadLetter(_) => FaultKind::NotFound,
            Self::Redacted(_) => FaultKind::FailedPrecondition,
            Self::Broker(_) => FaultKind::Unavailable,
            Self::Consuming(_) | Self::Setup(_) => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::NoDeadLetter(_) => "DEAD_LETTER_NOT_FOUND",
            Self::Redacted(_) => "DEAD_LETTER_REDACTED",
            Self::Broker(_) => "BUS_UNAVAILABLE",
            Self::Consuming(_) | Self::Setup(_) => "INTERNAL",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::Broker(_) => Some(Duration::from_secs(1)),
            Self::NoDeadLetter(_) | Self::Redacted(_) | Self::Consuming(_) | Self::Setup(_) => None,
        }
    }
}
