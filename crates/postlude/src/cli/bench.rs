//! `postlude bench`: measures a running platform, as its clients meet it.

mod report;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use postlude_kernel::{Clock as _, IdSource as _, SystemClock, SystemIds};
use tokio_util::sync::CancellationToken;

use super::{
    client::{Connection, reason},
    output::{self, Output},
};
use crate::{
    load::{self, Caller, History, Mix, Pace, Plan},
    payments::Payments,
};

/// How long the last refunds may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measure a running platform.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Call it as many shops at once would, and say how fast it answered.
    #[command(after_long_help = EXAMPLE)]
    Load(Load),
}

const EXAMPLE: &str = "\
It writes orders and returns of the key's tenant: give it a tenant of its own.

With --rate the loop is open: calls are due evenly, however slow the platform is, and a latency
counts from when the call was due. With --clients it is closed: each client takes one prepared
return after the other from CreateReturn to RefundReturn.

Examples:
  postlude bench load --rate 200 --duration 60
  postlude bench load --rate 800 --mix life=1,get-return=3 --warm-up 5 --history calls.jsonl
  postlude bench load --clients 8 --lives 2000";

/// What is called, how fast, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Calls a second: an open loop.
    #[arg(long, value_name = "N", required_unless_present = "clients", conflicts_with = "clients", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// Clients that each wait for their answers: a closed loop over whole returns.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: Option<u32>,
    /// Seconds to call and measure; with clients at most.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    duration: u64,
    /// Seconds to call before that, not measured. With a rate.
    #[arg(long, default_value_t = 0, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3_600))]
    warm_up: u64,
    /// Which calls, and how often each beside the others: life (the next step of a return's life),
    /// get-return, get-order, list-returns. With a rate.
    #[arg(long, default_value_t = Mix::default(), value_name = "CALL=WEIGHT,…")]
    mix: Mix,
    /// Returns that are prepared before the clients begin.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    lives: u64,
    /// Connections to the gateway.
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// Milliseconds that a call may take.
    #[arg(long, default_value_t = 10_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    deadline: u64,
    /// Seconds to make a call again that the platform couldn't take: UNAVAILABLE, RESOURCE_EXHAUSTED,
    /// no answer. 0: every answer is the last one.
    #[arg(long, default_value_t = 0, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    retry: u64,
    /// Decides which call comes when.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Writes every call to this file, a line of JSON each.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Where the load's payment system listens; the tenant's refunds are sent there.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    payments: SocketAddr,
    #[command(flatten)]
    connection: Connection,
}

impl BenchCommand {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Load(command) => command.run(output).await,
        }
    }
}

impl Load {
    async fn run(self, output: Output) -> anyhow::Result<()> {
        let plan = self.plan()?;
        let history = match &self.history {
            Some(path) => History::file(path)?,
            None => History::none(),
        };
        let gateways = self
            .connection
            .open_many(usize::from(self.connections))
            .await?;
        let caller = Caller::new(gateways.clone(), &plan);
        let payments = Payments::start(self.payments, &plan.name).await?;
        let confirmed = self.send_refunds(&caller, &payments).await?;
        let stop = CancellationToken::new();
        let interrupted = stop.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        let bars = Bars::new(output);
        let summary = load::run(plan.clone(), caller, history, &bars, stop).await?;
        let mut settled = None;
        if confirmed {
            bars.say("refunds");
            let caller = Caller::new(gateways, &plan);
            settled = Some(load::settle(&caller, &summary.ended, PATIENCE).await?);
        }
        bars.end();
        let report = report::Report {
            plan: &plan,
            summary: &summary,
            settled,
            commands: confirmed.then(|| payments.received().commands.len()),
        };
        output.print(&report.json(), || report.text());
        if let Some(path) = &self.history {
            output::note(&format!("every call stands in {}", path.display()));
        }
        Ok(())
    }

    fn plan(&self) -> anyhow::Result<Plan> {
        let pace = match (self.rate, self.clients) {
            (Some(rate), _) => Pace::Rate(rate),
            (None, Some(clients)) => Pace::Clients(clients),
            (None, None) => anyhow::bail!("neither a rate nor clients"),
        };
        let now = SystemClock.now();
        let name = format!("load-{}", SystemIds.ulid(now).to_string().to_lowercase());
        Ok(Plan {
            mix: self.mix.clone(),
            warm_up: Duration::from_secs(self.warm_up),
            deadline: Duration::from_millis(self.deadline),
            patience: Duration::from_secs(self.retry),
            lives: self.lives,
            seed: self.seed,
            ..Plan::new(
                &name,
                pace,
                Duration::from_secs(self.duration),
                now.to_seconds_nanos().0,
            )
        })
    }

    /// Whether the platform will ask the load's own payment system.
    async fn send_refunds(&self, caller: &Caller, payments: &Payments) -> anyhow::Result<bool> {
        match caller
            .refunds_go_to(&payments.endpoint(), &payments.secret())
            .await
        {
            Ok(()) => Ok(true),
            Err(status) if reason(&status) == "PAYMENT_ENDPOINT_REFUSED" => {
                output::note(
                    "the platform sends no refund commands to this machine; with \
                     POSTLUDE_OUTGOING__ALLOWED_CIDRS='[\"127.0.0.0/8\"]' it would. Refunds stay REQUESTED.",
                );
                Ok(false)
            }
            Err(status) => Err(status).context("the tenant's settings were not taken"),
        }
    }
}

/// A bar for each part of a run, for people.
struct Bars {
    live: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn new(output: Output) -> Self {
        Self {
            live: output.is_live(),
            bar: Mutex::default(),
        }
    }

    fn say(&self, what: &str) {
        load::Progress::begin(self, what, 0);
    }

    fn end(&self) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bar.as_ref() {
            bar.finish_and_clear();
        }
    }
}

impl load::Progress for Bars {
    fn begin(&self, what: &str, steps: u64) {
        if !self.live {
            return;
        }
        self.end();
        let bar = ProgressBar::new(steps);
        if let Ok(style) = ProgressStyle::with_template("{msg:>10} {bar:40} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn at(&self, step: u64) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bar.as_ref() {
            bar.set_position(step);
        }
    }
}
