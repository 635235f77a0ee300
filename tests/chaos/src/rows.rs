//! The faults: a row each, as operators would name them.

mod away;
mod brokers;
mod databases;
mod fuzz;
mod kills;
mod neighbours;
mod network;
mod one_process;
mod overload;
mod repeats;
mod rolling;
mod steady;

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use postlude::load::{Connect, Mix, Pace, Plan};
use postlude_journeys::{Shop, sink::Sink};
use postlude_kernel::{Clock as _, SystemClock};
use rand::{SeedableRng as _, rngs::StdRng};

use crate::{
    cluster::{Cluster, Options},
    oracle::{self, Verdict},
    trial::{Load, PATIENCE, Ran},
};

/// Writes a second while faults are injected.
const RATE: u32 = 60;
/// The tenant that writes.
const TENANT: &str = "shop";

/// What a row is run with.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The command line.
    pub binary: PathBuf,
    /// Decides what comes when.
    pub seed: u64,
    /// About how long each row makes calls.
    pub time: Duration,
}

/// What came of a row.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What the oracle found.
    pub verdict: Verdict,
    /// Faults that were injected.
    pub faults: u64,
    /// The longest time from a fault's end until the platform took calls again.
    pub worst_recovery: Option<Duration>,
    /// Further figures, in words.
    pub figures: Vec<String>,
    /// What must hold and doesn't.
    pub broken: Vec<String>,
}

impl Outcome {
    /// Whether all that must hold does.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.verdict.is_clean() && self.broken.is_empty()
    }

    fn must(&mut self, holds: bool, what: impl Into<String>) {
        let what = what.into();
        if !holds && !self.broken.contains(&what) {
            self.broken.push(what);
        }
    }

    fn recovered(&mut self, time: Duration) {
        self.worst_recovery = self.worst_recovery.max(Some(time));
    }

    /// The answers that clients had in the end, where they weren't OK.
    fn tell_failures(&mut self, ran: &Ran, allowed: impl Fn(&str) -> bool) {
        let mut counted = std::collections::BTreeMap::<String, u64>::new();
        for entry in ran.failed() {
            let words = format!("{} {} {}", entry.call, entry.status, entry.reason);
            *counted.entry(words).or_default() += 1;
        }
        for (words, count) in counted {
            self.figures.push(format!("{count} × {words}"));
            self.must(
                allowed(&words),
                format!("calls that failed for good: {count} × {words}"),
            );
        }
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Outcome>> + 'a>>;

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its number.
    pub number: u32,
    /// Its name, in a word or two.
    pub name: &'static str,
    /// What happens, and what must hold.
    pub about: &'static str,
    run: for<'a> fn(&'a Trial) -> Running<'a>,
}

impl Row {
    /// Carries it out.
    ///
    /// # Errors
    /// If the trial itself can't be made.
    pub async fn run(&self, trial: &Trial) -> anyhow::Result<Outcome> {
        (self.run)(trial).await
    }
}

macro_rules! rows {
    ($($number:literal $name:literal $run:path, $about:literal;)+) => {
        /// All of them, by number.
        pub const ALL: &[Row] = &[$(Row {
            number: $number,
            name: $name,
            about: $about,
            run: |trial| Box::pin($run(trial)),
        }),+];
    };
}

rows! {
    1 "steady" steady::run, "steady load: no errors, flat memory";
    2 "overload" overload::run, "five times what it can take: shed with RetryInfo, most still served, well again at once";
    3 "kills" kills::run, "kill -9 of each process in turn: nothing acknowledged is lost, every effect once";
    5 "broker" brokers::run, "NATS away, killed, its store wiped: writes are taken, outboxes drain, a replay refills";
    7 "database" databases::run, "PostgreSQL stopped at once, its backends killed: UNAVAILABLE, healed at once, no half effect";
    8 "killed" one_process::killed, "everything in one process on SQLite, kill -9 under load: nothing acknowledged is lost";
    9 "network" network::run, "delays, cuts and silence between services, PostgreSQL and NATS: deadlines hold";
    10 "full" one_process::full, "the disk full under load, then not: UNAVAILABLE, taken up again, no database damaged";
    11 "rolling" rolling::run, "a rolling restart: no failed call for a client that tries again";
    12 "neighbours" neighbours::run, "a tenant whose plugin loops: stopped, and the others hardly feel it";
    14 "repeats" repeats::run, "the same request a hundred times at once, under kills: one effect, one answer";
    15 "fuzz" fuzz::run, "every method with mutated bytes: no INTERNAL, no panic, nothing of another tenant";
    17 "away" away::run, "a consumer gone under load: it catches up, oldest first, with no more memory than before";
}

impl Trial {
    fn random(&self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }

    fn options(&self) -> Options {
        Options::new(&self.binary)
    }

    /// Writes at a rate that is told to try again, for as long as the trial lasts.
    fn writes(&self, name: &str) -> Plan {
        let (now, _) = SystemClock.now().to_seconds_nanos();
        Plan {
            mix: only_writes(),
            patience: PATIENCE,
            seed: self.seed,
            deadline: Duration::from_secs(5),
            ..Plan::new(name, Pace::Rate(RATE), self.time, now)
        }
    }
}

fn only_writes() -> Mix {
    "life=1".parse().unwrap_or_default()
}

/// A cluster with one shop that writes.
struct Scene {
    cluster: Cluster,
    shop: Shop,
    sink: Sink,
}

impl Scene {
    async fn open(options: Options) -> anyhow::Result<Self> {
        let cluster = Cluster::start(options).await?;
        let sink = Sink::start().await;
        let shop = cluster.tenant(TENANT, &sink).await?;
        Ok(Self {
            cluster,
            shop,
            sink,
        })
    }

    async fn load(&self, plan: Plan) -> anyhow::Result<Load> {
        let to = Connect {
            endpoint: self.cluster.endpoint(),
            key: self.shop.key.clone(),
            connections: 4,
        };
        Load::start(&to, plan).await
    }

    async fn judge(&self, ran: &Ran) -> anyhow::Result<Verdict> {
        let postgres = Some(&self.cluster.postgres);
        oracle::judge(postgres, &self.shop, &self.sink, &ran.history).await
    }

    /// Ends it; what processes wrote into their logs as errors is told.
    async fn close(self, outcome: &mut Outcome) -> anyhow::Result<()> {
        let panics = panics(&self.cluster.logs())?;
        outcome.must(panics.is_empty(), format!("a process panicked: {panics:?}"));
        let well = self.cluster.stop().await?;
        outcome.must(well, "a process didn't end well");
        Ok(())
    }
}

fn panics(logs: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(logs)? {
        let text = std::fs::read_to_string(entry?.path())?;
        found.extend(
            text.lines()
                .filter(|line| line.contains("panicked at"))
                .map(str::to_owned),
        );
    }
    Ok(found)
}
