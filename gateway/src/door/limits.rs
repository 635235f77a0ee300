//! How much: per key, and inside at the same time.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _, clock::DefaultClock,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    adaptive::{Inside, Room},
    refusal::Refusal,
};
use crate::config::GatewayConfig;

/// Keys that went quiet are forgotten once in so many calls.
const SWEEP: u64 = 100_000;

/// The limits in force.
pub(super) struct Limits {
    unary: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    services: RwLock<HashMap<String, Room>>,
    most_in_service: usize,
    target: Duration,
    rate: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
    calls: AtomicU64,
}

impl Limits {
    pub(super) fn new(config: &GatewayConfig) -> Self {
        let at_least_one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(config.rate_per_second))
            .allow_burst(at_least_one(config.rate_burst));
        let most = Semaphore::MAX_PERMITS;
        Self {
            unary: Arc::new(Semaphore::new(config.max_in_flight.min(most))),
            streams: Arc::new(Semaphore::new(config.max_streams.min(most))),
            services: RwLock::default(),
            most_in_service: config.max_in_flight,
            target: Duration::from_millis(config.target_ms),
            rate: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            calls: AtomicU64::new(0),
        }
    }

    /// Room for one call; it is given back when the response has ended.
    pub(super) fn room(&self, streaming: bool) -> Result<OwnedSemaphorePermit, Refusal> {
        let room = if streaming {
            &self.streams
        } else {
            &self.unary
        };
        Arc::clone(room)
            .try_acquire_owned()
            .map_err(|_full| Refusal::Overloaded)
    }

    /// Room for one unary call to a service, as much as it answers in time.
    pub(super) fn room_at(&self, service: &str) -> Result<Inside, Refusal> {
        self.service(service).enter().ok_or(Refusal::Overloaded)
    }

    fn service(&self, service: &str) -> Room {
        let known = self.services.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = known.get(service) {
            return room.clone();
        }
        drop(known);
        self.services
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(service.to_owned())
            .or_insert_with(|| Room::new(self.most_in_service, self.target))
            .clone()
    }

    /// Whether the key may call now.
    pub(super) fn rate(&self, subject: &String) -> Result<(), Refusal> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.rate.retain_recent();
        }
        self.rate.check_key(subject).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            // A caller that comes back at the very moment races the others for it.
            Refusal::RateLimited(wait.max(Duration::from_millis(1)))
        })
    }
}
