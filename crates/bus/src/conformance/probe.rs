//! A consumer that remembers, and does as it is told.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use postlude_kernel::{TenantError, TenantId, Timestamp};
use postlude_store::{Envelope, PublishError};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{Bus, BusError, ConsumerSpec, Delivery, Filter, Handler, Outcome};

/// A promise that was not held.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl From<BusError> for Failure {
    fn from(error: BusError) -> Self {
        Self(format!("the bus answered: {error:?}"))
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self(format!("publish answered: {error:?}"))
    }
}

impl From<TenantError> for Failure {
    fn from(error: TenantError) -> Self {
        Self(error.to_string())
    }
}

/// Holds a condition to be true.
///
/// # Errors
/// [`Failure`] if it isn't.
pub fn ensure(condition: bool, what: impl Into<String>) -> Result<(), Failure> {
    if condition {
        Ok(())
    } else {
        Err(Failure(what.into()))
    }
}

/// Waits until a condition is true, ten seconds at most.
///
/// # Errors
/// [`Failure`] if it never is.
pub async fn eventually(what: &str, condition: impl Fn() -> bool) -> Result<(), Failure> {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .map_err(|_| Failure(format!("never came true: {what}")))
}

/// What a probe does with a delivery.
type Behaviour = dyn Fn(&Delivery) -> Answer + Send + Sync;

/// A probe's answer.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// This.
    Outcome(Outcome),
    /// None, ever.
    Hang,
    /// None: it panics.
    Panic,
    /// Done, as soon as [`Probe::open`] lets it.
    WhenOpened,
}

/// A handler that remembers what it was given.
pub struct Probe {
    behaviour: Box<Behaviour>,
    seen: Mutex<Vec<Delivery>>,
    gate: Semaphore,
    now: AtomicUsize,
    most: AtomicUsize,
    finished: AtomicUsize,
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Probe")
    }
}

impl Probe {
    pub(crate) fn new(
        behaviour: impl Fn(&Delivery) -> Answer + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            behaviour: Box::new(behaviour),
            seen: Mutex::default(),
            gate: Semaphore::new(0),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
        })
    }

    /// A probe for which everything is done.
    pub(crate) fn done() -> Arc<Self> {
        Self::new(|_| Answer::Outcome(Outcome::Done))
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many deliveries it was given.
    pub fn count(&self) -> usize {
        self.seen().len()
    }

    /// How many different events it was given.
    pub fn distinct(&self) -> usize {
        self.attempts().len()
    }

    /// The attempts that it was given, by event.
    pub fn attempts(&self) -> HashMap<String, Vec<u32>> {
        let mut attempts: HashMap<String, Vec<u32>> = HashMap::new();
        for delivery in self.seen().iter() {
            let id = delivery.envelope.id.clone();
            attempts.entry(id).or_default().push(delivery.attempt);
        }
        attempts
    }

    /// The events that it was given.
    pub fn envelopes(&self) -> Vec<Envelope> {
        let seen = self.seen();
        seen.iter()
            .map(|delivery| delivery.envelope.clone())
            .collect()
    }

    /// How many it had in its hands at the same time, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// How many it has finished.
    pub(crate) fn finished(&self) -> usize {
        self.finished.load(Ordering::SeqCst)
    }

    /// Lets the deliveries that wait go on, and all that come.
    pub(crate) fn open(&self) {
        self.gate.add_permits(100_000);
    }
}

#[async_trait::async_trait]
impl Handler for Probe {
    #[allow(clippy::panic, reason = "what a handler must not do, done on purpose")]
    async fn handle(&self, delivery: Delivery) -> Outcome {
        let answer = (self.behaviour)(&delivery);
        self.seen().push(delivery);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let outcome = match answer {
            Answer::Outcome(outcome) => outcome,
            Answer::Hang => std::future::pending().await,
            Answer::Panic => panic!("the probe panics as it is told"),
            Answer::WhenOpened => {
                drop(self.gate.acquire().await);
                Outcome::Done
            }
        };
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.finished.fetch_add(1, Ordering::SeqCst);
        outcome
    }
}

/// A consumer that runs until it is stopped or killed.
pub(crate) struct Consuming {
    stop: CancellationToken,
    task: JoinHandle<Result<(), BusError>>,
}

impl Consuming {
    /// Starts a consumer.
    pub(crate) fn start(bus: Arc<dyn Bus>, spec: ConsumerSpec, probe: Arc<Probe>) -> Self {
        let stop = CancellationToken::new();
        let token = stop.clone();
        let task = tokio::spawn(async move { bus.consume(spec, probe, token).await });
        Self { stop, task }
    }

    /// Stops it and waits for it.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(10), self.task).await;
        match ended {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(error)) => Err(Failure(format!("the consumer panicked: {error}"))),
            Err(_) => Err(Failure("the consumer doesn't stop".to_owned())),
        }
    }

    /// Asks it to stop, and leaves it.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Ends it at once, whatever it does.
    pub(crate) async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }
}

/// A consumer of the test's events, with short waits.
pub(crate) fn spec(name: &str) -> ConsumerSpec {
    ConsumerSpec {
        max_deliveries: 3,
        backoff: vec![Duration::from_millis(200)],
        ..ConsumerSpec::new("conformance", name, vec![filter()])
    }
}

/// The test's events.
pub(crate) fn filter() -> Filter {
    Filter::new("orders", "order-recorded")
}

/// An event of the test's kind.
pub(crate) fn event(id: &str, subject: &str, revision: i64) -> Result<Envelope, Failure> {
    Ok(Envelope {
        id: id.to_owned(),
        r#type: "postlude.orders.order-recorded.v1".to_owned(),
        domain: "orders".to_owned(),
        name: "order-recorded".to_owned(),
        tenant: TenantId::parse("conformance")?,
        subject: subject.to_owned(),
        revision,
        time: Timestamp::from_micros(1_700_000_000_000_000),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        payload: Bytes::from(format!("payload of {id}")),
    })
}

/// Events `from` to `to`, of one aggregate each.
pub(crate) fn events(from: i64, to: i64) -> Result<Vec<Envelope>, Failure> {
    (from..=to)
        .map(|n| event(&format!("evt_{n}"), &format!("order-{n}"), 1))
        .collect()
}
