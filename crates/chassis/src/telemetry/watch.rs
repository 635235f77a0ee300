//! What is looked at while a service runs: whether its database and the bus answer, what waits in the
//! outbox, how far its consumers are behind, how busy its pools are.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue,
    metrics::{Gauge, Meter},
};
use postlude_bus::Bus;
use postlude_store::{Store, meter::meter};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::health::Vitals;

/// How often the database is asked whether it is there.
const EVERY: Duration = Duration::from_secs(1);
/// After so many of these all the rest is looked at.
const SAMPLE: u32 = 5;
/// An answer takes this long at most.
const ANSWER: Duration = Duration::from_secs(2);
/// So many in a row say that it is gone: one may be a connection that was cut.
const FAILURES: u32 = 2;

struct Gauges {
    outbox_size: Gauge<u64>,
    outbox_age: Gauge<f64>,
    overdue_timers: Gauge<u64>,
    overdue_age: Gauge<f64>,
    connections: Gauge<u64>,
    connections_most: Gauge<u64>,
    lag: Gauge<u64>,
    up: Gauge<u64>,
}

static GAUGES: LazyLock<Gauges> = LazyLock::new(|| Gauges::new(&meter()));

impl Gauges {
    fn new(meter: &Meter) -> Self {
        let count = |name: &'static str, unit: &'static str, what: &'static str| {
            meter
                .u64_gauge(name)
                .with_unit(unit)
                .with_description(what)
                .build()
        };
        let seconds = |name: &'static str, what: &'static str| {
            meter
                .f64_gauge(name)
                .with_unit("s")
                .with_description(what)
                .build()
        };
        Self {
            outbox_size: count(
                "postlude.outbox.size",
                "{message}",
                "Events that are committed and not published.",
            ),
            outbox_age: seconds(
                "postlude.outbox.age",
                "How long the oldest event that isn't published has waited.",
            ),
            overdue_timers: count(
                "postlude.timer.overdue",
                "{timer}",
                "Timers that are due and not done.",
            ),
            overdue_age: seconds(
                "postlude.timer.overdue.age",
                "How long the oldest of them has been due.",
            ),
            connections: count(
                "db.client.connection.count",
                "{connection}",
                "Connections to the database, by pool and state.",
            ),
            connections_most: count(
                "db.client.connection.max",
                "{connection}",
                "Connections that a pool may open.",
            ),
            lag: count(
                "postlude.consumer.lag",
                "{message}",
                "Events that a consumer has yet to handle.",
            ),
            up: count(
                "postlude.dependency.up",
                "",
                "1 if what a service stands on answers, else 0.",
            ),
        }
    }
}

/// Looks until `stop`.
pub(crate) async fn watch(
    store: Store,
    bus: std::sync::Arc<dyn Bus>,
    vitals: Vitals,
    stop: CancellationToken,
) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failures = 0;
    for tick in (0..SAMPLE).cycle() {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match database_answers(&store).await {
            Some(true) => failures = 0,
            Some(false) => failures += 1,
            None => {}
        }
        if vitals.set_database(failures < FAILURES) {
            tracing::warn!(
                service = store.service(),
                answers = failures < FAILURES,
                "the database has come or gone"
            );
        }
        if tick == 0 {
            sample(&store, bus.as_ref(), &vitals).await;
        }
    }
}

/// `None` if nobody can say: every connection is at work.
async fn database_answers(store: &Store) -> Option<bool> {
    let answer = timeout(ANSWER, store.ping()).await;
    let [_, reader] = store.pools();
    match answer {
        Ok(Ok(())) => Some(true),
        Err(_) | Ok(Err(_)) if reader.used >= reader.most => None,
        Err(_) | Ok(Err(_)) => Some(false),
    }
}

async fn sample(store: &Store, bus: &dyn Bus, vitals: &Vitals) {
    let gauges = &*GAUGES;
    let service = KeyValue::new("postlude.service", store.service());
    for pool in store.pools() {
        let name = KeyValue::new("db.client.connection.pool.name", pool.name);
        for (state, count) in [("used", pool.used), ("idle", pool.idle)] {
            let state = KeyValue::new("db.client.connection.state", state);
            gauges.connections.record(count, &[name.clone(), state]);
        }
        gauges.connections_most.record(pool.most, &[name]);
    }
    let label = [service.clone()];
    if let Ok(Ok(seen)) = timeout(ANSWER, store.observe()).await {
        gauges.outbox_size.record(seen.outbox_size, &label);
        let age = seen.outbox_age.as_secs_f64();
        gauges.outbox_age.record(age, &label);
        gauges.overdue_timers.record(seen.overdue_timers, &label);
        let age = seen.overdue_age.as_secs_f64();
        gauges.overdue_age.record(age, &label);
    }
    let lags = timeout(ANSWER, bus.lag(store.service())).await;
    let lags = lags.ok().and_then(Result::ok);
    vitals.set_bus(lags.is_some());
    for lag in lags.into_iter().flatten() {
        let consumer = KeyValue::new("messaging.consumer.group.name", lag.consumer);
        gauges.lag.record(lag.events, &[consumer, service.clone()]);
    }
    for (name, answers) in vitals.dependencies() {
        let dependency = KeyValue::new("postlude.dependency", name);
        let labels = [dependency, service.clone()];
        gauges.up.record(u64::from(answers), &labels);
    }
}
