//! One durable consumer of the embedded bus: batches, outcomes, and how far it has come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use postlude_store::log::{Dead, EventLog, Logged, Retry, Settled};
use postlude_store::{StoreError, jitter};
use tokio_util::sync::CancellationToken;

use crate::{
    BusError, ConsumerSpec, Delivery, Handler, Lag, Outcome, embedded::Shared, handling,
    meter::Death,
};

/// How often to look when nobody wakes.
pub(crate) const POLL: Duration = Duration::from_secs(1);
/// Deliveries that share a save of the cursor.
const BATCH: u64 = 256;

/// How far a running consumer has come, for whoever asks whether it has caught up.
#[derive(Debug)]
pub(crate) struct Progress {
    service: &'static str,
    name: String,
    filters: Vec<(String, String)>,
    /// The saved cursor; below zero before the first batch.
    cursor: AtomicI64,
}

impl Progress {
    pub(crate) fn new(spec: &ConsumerSpec) -> Self {
        Self {
            service: spec.service,
            name: spec.name.clone(),
            filters: spec
                .filters
                .iter()
                .map(|filter| (filter.domain.clone(), filter.name.clone()))
                .collect(),
            cursor: AtomicI64::new(-1),
        }
    }

    /// The service that consumes.
    pub(crate) const fn service(&self) -> &'static str {
        self.service
    }

    /// How far it is behind.
    pub(crate) async fn lag(&self, log: &EventLog) -> Result<Lag, StoreError> {
        let cursor = self.cursor.load(Ordering::Acquire).max(0);
        Ok(Lag {
            consumer: self.name.clone(),
            events: log.waiting(&self.name, &self.filters, cursor).await?,
        })
    }

    /// What is in a handler's hands is behind neither cursor nor retry row yet, so it counts as due.
    pub(crate) async fn is_caught_up(&self, log: &EventLog) -> Result<bool, StoreError> {
        let cursor = self.cursor.load(Ordering::Acquire);
        Ok(cursor >= 0
            && log.read(&self.filters, cursor, 1).await?.is_empty()
            && log.due_retries(&self.name, 1).await?.is_empty())
    }
}

pub(crate) struct Consumer {
    shared: Arc<Shared>,
    spec: ConsumerSpec,
    handler: Arc<dyn Handler>,
    progress: Arc<Progress>,
}

/// A delivery with what became of it; `None` if it was not begun before the stop.
struct Handled {
    event: Logged,
    outcome: Option<Outcome>,
}

impl Consumer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        spec: ConsumerSpec,
        handler: Arc<dyn Handler>,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            shared,
            spec,
            handler,
            progress,
        }
    }

    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), BusError> {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let woken = self.shared.wake.notified();
            tokio::pin!(woken);
            // From here on a publish isn't missed.
            woken.as_mut().enable();
            match self.turn(&stop).await {
                Ok(0) => failures = 0,
                Ok(_) => {
                    failures = 0;
                    continue;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(consumer = self.spec.name, failures, %error, "consuming");
                }
            }
            if failures == 0
                && let Err(error) = self.shared.log.housekeep_if_due().await
            {
                tracing::warn!(%error, "housekeeping of the event log");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = woken, if failures == 0 => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        Ok(())
    }

    /// Handles what is due again, then a batch of what is new; answers how many deliveries that were.
    async fn turn(&self, stop: &CancellationToken) -> Result<usize, StoreError> {
        let log = &self.shared.log;
        if self.progress.cursor.load(Ordering::Acquire) < 0 {
            let cursor = log.cursor(&self.spec.name).await?;
            self.progress.cursor.store(cursor, Ordering::Release);
        }
        let again = log.due_retries(&self.spec.name, BATCH).await?;
        let mut count = again.len();
        if count > 0 {
            let handled = self.handle_all(again, stop).await;
            let mut settled = Settled::default();
            for delivery in handled {
                self.settle(delivery, &mut settled);
            }
            log.settle(&self.spec.name, settled).await?;
        }
        let cursor = self.progress.cursor.load(Ordering::Acquire);
        let new = log.read(&self.progress.filters, cursor, BATCH).await?;
        count += new.len();
        if !new.is_empty() {
            let handled = self.handle_all(new, stop).await;
            self.settle_new(handled).await?;
        }
        Ok(count)
    }

    /// The cursor stops before the first delivery that was not begun.
    async fn settle_new(&self, handled: Vec<Handled>) -> Result<(), StoreError> {
        let mut settled = Settled::default();
        for delivery in handled {
            if delivery.outcome.is_none() {
                break;
            }
            settled.cursor = Some(delivery.event.seq);
            self.settle(delivery, &mut settled);
        }
        let Some(cursor) = settled.cursor else {
            return Ok(());
        };
        settled.ended.clear();
        self.shared.log.settle(&self.spec.name, settled).await?;
        self.progress.cursor.store(cursor, Ordering::Release);
        Ok(())
    }

    /// In the order of the log, side by side up to the limit.
    async fn handle_all(&self, events: Vec<Logged>, stop: &CancellationToken) -> Vec<Handled> {
        stream::iter(events)
            .map(|event| async move {
                let outcome = if stop.is_cancelled() {
                    None
                } else {
                    Some(self.handle(&event).await)
                };
                Handled { event, outcome }
            })
            .buffered(self.spec.max_in_flight.max(1))
            .collect()
            .await
    }

    async fn handle(&self, event: &Logged) -> Outcome {
        let delivery = Delivery {
            envelope: event.envelope.clone(),
            attempt: event.attempts.saturating_add(1),
        };
        handling::handle("postlude", &self.spec, &self.handler, delivery).await
    }

    fn settle(&self, delivery: Handled, settled: &mut Settled) {
        let Handled { event, outcome } = delivery;
        let attempts = event.attempts.saturating_add(1);
        match outcome {
            None => {}
            Some(Outcome::Done) => settled.ended.push(event.seq),
            Some(Outcome::Reject { reason }) => {
                let dead = self.give_up(event, attempts, reason, Death::Rejected);
                settled.dead.push(dead);
            }
            Some(Outcome::RetryLater { reason, .. }) if attempts >= self.spec.max_deliveries => {
                let dead = self.give_up(event, attempts, reason, Death::Exhausted);
                settled.dead.push(dead);
            }
            Some(Outcome::RetryLater { after, reason }) => {
                let store = self.shared.log.store();
                let now = store.now();
                let wait = after.unwrap_or_else(|| {
                    jitter(store.ids(), now, handling::backoff(&self.spec, attempts))
                });
                settled.retries.push(Retry {
                    seq: event.seq,
                    attempts,
                    due: now.plus(wait),
                    reason,
                });
            }
        }
    }

    fn give_up(&self, event: Logged, attempts: u32, reason: String, why: Death) -> Dead {
        handling::tell_given_up(&self.spec, &event.envelope, attempts, &reason, why);
        Dead {
            seq: event.seq,
            attempts,
            reason,
        }
    }
}
