//! A durable consumer: pulled, bounded, answered one by one.
//!
//! The broker remembers how far it has come. Replicas under the same name share the work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use async_nats::jetstream::{
    AckKind, Message,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
};
use futures_util::{FutureExt as _, StreamExt as _};
use postlude_store::jitter;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{Shared, dead, message, place::token};
use crate::{BusError, ConsumerSpec, Delivery, Handler, Lag, Outcome, handling, meter::Death};

/// A pull that brings nothing is made again.
const PULL: Duration = Duration::from_secs(5);
/// What may wait to be tried again at the same time. More, and the consumer gets nothing new: its
/// upstream is down, and the stream keeps.
const MOST_WAITING: i64 = 10_000;

/// How far a running consumer has come, for whoever asks whether it has caught up.
pub(super) struct Progress {
    service: &'static str,
    name: String,
    consumer: OnceLock<PullConsumer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    in_hands: usize,
    /// By place in the stream: when what failed comes again.
    waiting: HashMap<u64, Instant>,
}

impl Progress {
    pub(super) fn new(spec: &ConsumerSpec) -> Self {
        Self {
            service: spec.service,
            name: spec.name.clone(),
            consumer: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    /// The service that consumes.
    pub(super) const fn service(&self) -> &'static str {
        self.service
    }

    /// How far it is behind; `None` before it has begun.
    pub(super) async fn lag(&self) -> Result<Option<Lag>, BusError> {
        let Some(consumer) = self.consumer.get() else {
            return Ok(None);
        };
        let info = consumer.get_info().await.map_err(BusError::broker)?;
        let unanswered = u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX);
        Ok(Some(Lag {
            consumer: self.name.clone(),
            events: info.num_pending.saturating_add(unanswered),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits for its next try isn't due; the broker counts it as unanswered.
    pub(super) async fn is_caught_up(&self) -> Result<bool, BusError> {
        let Some(consumer) = self.consumer.get() else {
            return Ok(false);
        };
        let info = consumer.get_info().await.map_err(BusError::broker)?;
        let mut state = self.state();
        let now = Instant::now();
        state.waiting.retain(|_, due| *due > now);
        Ok(state.in_hands == 0
            && info.num_pending == 0
            && info.num_ack_pending <= state.waiting.len())
    }
}

/// A consumer at work. Cheap to clone.
#[derive(Clone)]
pub(super) struct Durable(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    spec: ConsumerSpec,
    handler: Arc<dyn Handler>,
    progress: Arc<Progress>,
}

impl Durable {
    pub(super) fn new(
        shared: Arc<Shared>,
        spec: ConsumerSpec,
        handler: Arc<dyn Handler>,
        progress: Arc<Progress>,
    ) -> Self {
        Self(Arc::new(Inner {
            shared,
            spec,
            handler,
            progress,
        }))
    }

    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), BusError> {
        let slots = Arc::new(Semaphore::new(self.0.spec.max_in_flight.max(1)));
        let mut running = JoinSet::new();
        let mut done = Ok(());
        while !stop.is_cancelled() && done.is_ok() {
            let mut connection = self.0.shared.connection.subscribe();
            let work = async {
                let consumer = self.durable().await?;
                self.pull_all(&consumer, &slots, &mut running, &stop).await
            };
            done = tokio::select! {
                done = work => done,
                // The broker may be another one now, or have lost who consumes.
                _ = connection.changed() => Ok(()),
            };
        }
        // What runs is finished, whatever ended the pulling.
        while running.join_next().await.is_some() {}
        done
    }

    /// The consumer on the broker, made if it is missing, corrected if it is set up otherwise.
    async fn durable(&self) -> Result<PullConsumer, BusError> {
        let Inner { shared, spec, .. } = &*self.0;
        shared.prepare().await?;
        let filters = spec
            .filters
            .iter()
            .map(|filter| shared.place.filter(filter));
        let again = shared.place.again(&spec.name);
        let config = pull::Config {
            durable_name: Some(token(&spec.name)),
            description: Some(format!("{} of {}", spec.name, spec.service)),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: shared.config.ack_wait,
            max_deliver: i64::from(spec.max_deliveries.max(1)),
            max_ack_pending: MOST_WAITING,
            filter_subjects: filters.chain([again]).collect(),
            ..pull::Config::default()
        };
        let consumer = shared
            .context
            .create_consumer_on_stream(config, shared.place.events())
            .await
            .map_err(BusError::broker)?;
        // Whoever asks how far it is asks the first one; the name is the same.
        let _ = self.0.progress.consumer.set(consumer.clone());
        Ok(consumer)
    }

    /// Asks for as many as there are free slots, again and again.
    async fn pull_all(
        &self,
        consumer: &PullConsumer,
        slots: &Arc<Semaphore>,
        running: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<(), BusError> {
        loop {
            let Some(mut free) = all_free(slots, stop).await else {
                return Ok(());
            };
            while running.try_join_next().is_some() {}
            let mut batch = consumer
                .batch()
                .max_messages(free.num_permits())
                .expires(PULL)
                .messages()
                .await
                .map_err(BusError::broker)?;
            loop {
                let next = tokio::select! {
                    biased;
                    () = stop.cancelled() => {
                        give_back(&mut batch).await;
                        return Ok(());
                    }
                    next = tokio::time::timeout(PULL + Duration::from_secs(1), batch.next()) => next,
                };
                let Ok(Some(next)) = next else { break };
                let message = next.map_err(BusError::broker)?;
                let Some(slot) = free.split(1) else { break };
                let durable = self.clone();
                running.spawn(async move {
                    durable.deliver(message).await;
                    drop(slot);
                });
            }
        }
    }

    async fn deliver(&self, message: Message) {
        let Ok(info) = message.info() else {
            return;
        };
        let (place, attempt) = (
            info.stream_sequence,
            u32::try_from(info.delivered).unwrap_or(1),
        );
        let progress = &self.0.progress;
        let _in_hands = InHands::begin(progress, place);
        let event = message::envelope(message.headers.as_ref(), message.payload.clone());
        let delivery = match event {
            Ok(envelope) => Delivery { envelope, attempt },
            Err(error) => {
                tracing::error!(consumer = self.0.spec.name, place, subject = %message.subject, %error, "a message that is no event");
                answer(&message, AckKind::Term).await;
                return;
            }
        };
        let handled = handling::handle("nats", &self.0.spec, &self.0.handler, delivery.clone());
        tokio::pin!(handled);
        let outcome = loop {
            tokio::select! {
                outcome = &mut handled => break outcome,
                () = tokio::time::sleep(self.0.shared.config.ack_wait / 3) => {
                    answer(&message, AckKind::Progress).await;
                }
            }
        };
        match self.next(&delivery, outcome) {
            Next::Done => answer(&message, AckKind::Ack).await,
            Next::Later(wait) => {
                progress
                    .state()
                    .waiting
                    .insert(place, Instant::now() + wait);
                answer(&message, AckKind::Nak(Some(wait))).await;
            }
            Next::Never(reason, why) => self.give_up(&message, &delivery, reason, why).await,
        }
    }

    fn next(&self, delivery: &Delivery, outcome: Outcome) -> Next {
        let Inner { shared, spec, .. } = &*self.0;
        match outcome {
            Outcome::Done => Next::Done,
            Outcome::Reject { reason } => Next::Never(reason, Death::Rejected),
            Outcome::RetryLater { reason, .. } if delivery.attempt >= spec.max_deliveries => {
                Next::Never(reason, Death::Exhausted)
            }
            Outcome::RetryLater { after, .. } => Next::Later(after.unwrap_or_else(|| {
                let wait = handling::backoff(spec, delivery.attempt);
                jitter(shared.ids.as_ref(), shared.clock.now(), wait)
            })),
        }
    }

    /// The letter is there before the delivery is answered: a crash in between writes it again, to the
    /// same place.
    async fn give_up(&self, message: &Message, delivery: &Delivery, reason: String, why: Death) {
        let Inner { shared, spec, .. } = &*self.0;
        let Delivery { envelope, attempt } = delivery;
        handling::tell_given_up(spec, envelope, *attempt, &reason, why);
        let death = dead::Death {
            consumer: &spec.name,
            attempts: *attempt,
            reason: &reason,
        };
        match dead::bury(shared, &death, envelope).await {
            Ok(()) => answer(message, AckKind::Ack).await,
            Err(error) => {
                tracing::error!(consumer = spec.name, event = envelope.id, %error, "no dead letter could be written; the event comes again");
            }
        }
    }
}

enum Next {
    Done,
    Later(Duration),
    Never(String, Death),
}

/// A delivery in a handler's hands, until it is dropped.
struct InHands<'a>(&'a Progress);

impl<'a> InHands<'a> {
    fn begin(progress: &'a Progress, place: u64) -> Self {
        let mut state = progress.state();
        state.in_hands += 1;
        state.waiting.remove(&place);
        drop(state);
        Self(progress)
    }
}

impl Drop for InHands<'_> {
    fn drop(&mut self) {
        self.0.state().in_hands -= 1;
    }
}

/// Every slot that is free, once there is one; `None` when it is time to stop.
async fn all_free(
    slots: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<OwnedSemaphorePermit> {
    let mut free = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        free = Arc::clone(slots).acquire_owned() => free.ok()?,
    };
    let more = u32::try_from(slots.available_permits()).unwrap_or(0);
    if let Ok(more) = Arc::clone(slots).try_acquire_many_owned(more) {
        free.merge(more);
    }
    Some(free)
}

/// What has arrived and wasn't begun goes to another replica at once.
async fn give_back(batch: &mut pull::Batch) {
    while let Some(Some(Ok(message))) = batch.next().now_or_never() {
        answer(&message, AckKind::Nak(None)).await;
    }
}

/// An answer that gets lost is no harm: the delivery comes again, and the inbox knows it.
async fn answer(message: &Message, kind: AckKind) {
    let answered = tokio::time::timeout(super::REQUEST, message.ack_with(kind)).await;
    if !matches!(answered, Ok(Ok(()))) {
        tracing::warn!(subject = %message.subject, "an answer didn't reach the broker; the delivery comes again");
    }
}
