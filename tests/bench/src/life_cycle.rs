//! Whole lives of returns through the gateway: created, approved, received, inspected, refunded, each step
//! a call, and every refund confirmed. How many a second, how long each takes, and which processes' time
//! that costs.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use postlude::load::{self, Caller, Connect, History, Pace, Plan, Progress, life::Ended};
use postlude_chaos::{
    cluster::{Cluster, Options},
    figures::{self, Used},
    serving::Serving,
};
use postlude_journeys::{Shop, process, sink::Sink};
use postlude_kernel::{Clock as _, SystemClock};
use postlude_proto::returns::v1::GetReturnRequest;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    figure::{Figure, Goal},
    floor::TENANT,
};

/// How many clients, and how many lives they share.
const ROUNDS: [(u32, u64); 3] = [(1, 200), (8, 1_200), (32, 1_600)];
const CONNECTIONS: usize = 4;
/// How long refunds may take to be confirmed after the last one was asked for.
const PATIENCE: Duration = Duration::from_secs(120);
const READERS: usize = 32;
const READING: Duration = Duration::from_secs(4);

/// Processes whose time is counted together, by what they are.
type Processes = Vec<(&'static str, Vec<u32>)>;

/// Everything in one process on SQLite.
pub(crate) async fn together(binary: &Path) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(binary, &Serving::settings(folder.path())?)?;
    let sink = Sink::start().await;
    let shop = serving.tenant(TENANT, &sink).await?;
    let processes = vec![("platform", vec![serving.pid()])];
    rounds("one process, SQLite", &serving.gateway, &shop, &processes).await
}

/// A process per service on PostgreSQL and NATS.
pub(crate) async fn apart(binary: &Path) -> anyhow::Result<Vec<Figure>> {
    let cluster = Cluster::start(Options::new(binary)).await?;
    let sink = Sink::start().await;
    let shop = cluster.tenant(TENANT, &sink).await?;
    let mut processes: Processes = cluster
        .apart
        .processes()
        .iter()
        .map(|process| (process.part.name(), process.pid.into_iter().collect()))
        .collect();
    processes.push(("nats", cluster.nats.pid().into_iter().collect()));
    processes.push(("postgres", cluster.postgres.pid().into_iter().collect()));
    let gateway = cluster.apart.gateway().to_owned();
    let measured = rounds(
        "process per service, PostgreSQL",
        &gateway,
        &shop,
        &processes,
    );
    let measured = Box::pin(measured).await?;
    ensure!(cluster.stop().await?, "a process did not stop by itself");
    Ok(measured)
}

async fn rounds(
    setup: &str,
    gateway: &str,
    shop: &Shop,
    processes: &Processes,
) -> anyhow::Result<Vec<Figure>> {
    let to = Connect {
        endpoint: format!("http://{gateway}"),
        key: shop.key.clone(),
        connections: CONNECTIONS,
    };
    // Warms up.
    lives(&to, processes, 8, 100, "warm").await?;
    let mut all = Vec::new();
    let mut ended = Vec::new();
    for (clients, count) in ROUNDS {
        let name = format!("clients{clients}");
        let round = lives(&to, processes, clients, count, &name).await?;
        let plural = if clients == 1 { "" } else { "s" };
        let name = format!("life, {setup}, {clients} client{plural}");
        all.extend(round.figures(&name, clients));
        ended.extend(round.ended);
    }
    for (name, pids) in processes {
        let memory: u64 = used(pids).memory_kib;
        all.push(Figure::plain(
            format!("memory after it, {setup}, {name}"),
            memory as f64 / 1024.0,
            "MiB",
        ));
    }
    all.push(Figure {
        goal: Goal::AtLeast(10_000.0),
        ..Figure::plain(
            format!("GetReturn, {setup}, {READERS} clients"),
            reads(gateway, shop, &ended).await?,
            "calls/s",
        )
    });
    Ok(all)
}

/// What came of one number of clients.
struct Round {
    lives: u64,
    /// Until the last refund was confirmed.
    elapsed: Duration,
    p50: Duration,
    p99: Duration,
    slowest_step: (&'static str, Duration),
    /// Processor time by process; last the load's own.
    processor: Vec<(&'static str, Duration)>,
    ended: Vec<Ended>,
}

impl Round {
    fn figures(&self, name: &str, clients: u32) -> Vec<Figure> {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let rate = load::per_second(self.lives, self.elapsed);
        let services: Duration = self
            .processor
            .iter()
            .filter(|(name, _)| !matches!(*name, "postgres" | "load"))
            .map(|(_, time)| *time)
            .sum();
        let aimed = clients == 8;
        let goal = |goal| if aimed { goal } else { Goal::None };
        let figure = |what: &str, value, unit, goal| Figure {
            goal,
            ..Figure::plain(format!("{name}{what}"), value, unit)
        };
        let per_life = |time| millis(time) / self.lives as f64;
        let (step, slowest) = self.slowest_step;
        let mut all = vec![
            figure("", rate, "lives/s", goal(Goal::AtLeast(300.0))),
            figure(", p50", millis(self.p50), "ms", goal(Goal::AtMost(30.0))),
            figure(", p99", millis(self.p99), "ms", Goal::None),
            figure(
                &format!(", p99 of {step}"),
                millis(slowest),
                "ms",
                Goal::None,
            ),
            figure(
                ", CPU of services",
                per_life(services),
                "ms/life",
                goal(Goal::AtMost(5.0)),
            ),
        ];
        for (process, time) in &self.processor {
            let what = format!(", CPU of {process}");
            all.push(figure(&what, per_life(*time), "ms/life", Goal::None));
        }
        all
    }
}

/// Takes so many prepared returns through their lives.
async fn lives(
    to: &Connect,
    processes: &Processes,
    clients: u32,
    count: u64,
    name: &str,
) -> anyhow::Result<Round> {
    let (now, _) = SystemClock.now().to_seconds_nanos();
    let plan = Plan {
        lives: count,
        ..Plan::new(name, Pace::Clients(clients), Duration::from_secs(120), now)
    };
    let caller = Caller::connect(to, &plan).await?;
    let spent = Spent {
        processes,
        before: Mutex::default(),
    };
    let watched = Caller::connect(to, &plan).await?;
    let summary = load::run(
        plan,
        caller,
        History::none(),
        &spent,
        CancellationToken::new(),
    )
    .await?;
    let settled = load::settle(&watched, &summary.ended, PATIENCE).await?;
    let call = |name| summary.calls.iter().find(|call| call.name == name);
    let whole = call("whole life").context("lives")?;
    ensure!(
        whole.ok == whole.count && whole.ok == summary.refunded,
        "{:?}",
        summary.calls
    );
    let steps = summary.calls.iter();
    let slowest = steps
        .filter(|call| call.name != whole.name)
        .max_by_key(|call| call.p99)
        .context("steps")?;
    Ok(Round {
        lives: whole.ok,
        elapsed: summary.elapsed + settled,
        p50: whole.p50,
        p99: whole.p99,
        slowest_step: (slowest.name, slowest.p99),
        processor: spent.since(),
        ended: summary.ended,
    })
}

/// Processor time from the first call of the lives on; what prepares them isn't counted.
struct Spent<'a> {
    processes: &'a Processes,
    before: Mutex<Vec<Duration>>,
}

impl Spent<'_> {
    fn now(&self) -> Vec<(&'static str, Duration)> {
        // Of this process alone: the platform is its child.
        let own = figures::used(std::process::id()).unwrap_or_default();
        let platform = self
            .processes
            .iter()
            .map(|(name, pids)| (*name, used(pids).processor));
        platform.chain([("load", own.processor)]).collect()
    }

    fn since(&self) -> Vec<(&'static str, Duration)> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now().into_iter();
        now.zip(before.iter())
            .map(|((name, now), before)| (name, now.saturating_sub(*before)))
            .collect()
    }
}

impl Progress for Spent<'_> {
    fn begin(&self, what: &str, _steps: u64) {
        if what == "lives" {
            let now = self.now().into_iter().map(|(_, time)| time).collect();
            *self.before.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
    }

    fn at(&self, _step: u64) {}
}

/// Of processes and what they have started.
fn used(pids: &[u32]) -> Used {
    let mut sum = Used::default();
    for one in pids.iter().map(|pid| figures::used_by_tree(*pid)) {
        sum.memory_kib += one.memory_kib;
        sum.processor += one.processor;
    }
    sum
}

/// Reads of returns that are there, a second.
async fn reads(gateway: &str, shop: &Shop, ended: &[Ended]) -> anyhow::Result<f64> {
    let mut shops = Vec::new();
    for _ in 0..CONNECTIONS {
        shops.push(Shop::new(&process::connect(gateway).await?, &shop.key)?);
    }
    let next = AtomicU64::new(0);
    let began = Instant::now();
    let readers = (0..READERS).map(async |reader| {
        let shop = shops.get(reader % CONNECTIONS).context("a connection")?;
        let mut count: u64 = 0;
        while began.elapsed() < READING {
            let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed))?;
            let one = at.checked_rem(ended.len()).and_then(|at| ended.get(at));
            let request = GetReturnRequest {
                return_id: one.context("a return")?.return_id.clone(),
            };
            shop.returns.clone().get_return(request).await?;
            count += 1;
        }
        anyhow::Ok(count)
    });
    let counts = try_join_all(readers).await?;
    Ok(load::per_second(counts.iter().sum(), began.elapsed()))
}
