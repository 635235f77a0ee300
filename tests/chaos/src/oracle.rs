//! Compares what clients were told with what is there: on the platform, in its databases, at the
//! payment system.
//!
//! - **Lost**: what was acknowledged and isn't there, or an event that nobody was told.
//! - **Doubled**: what is there more than once: a return of one request, a payment, a refund, a command
//!   under another key, an event under another id.
//! - **Half**: what was begun and isn't brought to its end although everything is quiet.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _};
use postlude::load::{history::Entry, life::Step};
use postlude_journeys::{Shop, sink::Sink};
use postlude_proto::{
    orders::v1::{GetOrderRequest, TrackingStatus},
    returns::v1::{ListReturnsRequest, Return, r#return::State},
};
use postlude_xtask::postgres::Postgres;
use tokio::time::Instant;
use tonic::{Code, Status};

/// Calls of the oracle at the same time.
const AT_ONCE: usize = 16;
/// How long everything may take to become quiet.
const QUIET: Duration = Duration::from_secs(180);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// The parts that keep outboxes.
const SCHEMAS: [&str; 3] = ["orders", "returns", "plugin_registry"];
/// So many findings of a kind are named.
const NAMED: usize = 5;

/// What the oracle found.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// Of those, or of the events they caused, what isn't there.
    pub lost: Vec<String>,
    /// What is there more than once.
    pub doubled: Vec<String>,
    /// What was begun and not ended.
    pub half: Vec<String>,
}

impl Verdict {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.half.is_empty()
    }

    /// Takes another verdict in.
    pub fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.half.extend(other.half);
    }

    /// The first findings of each kind, a line each.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("half", &self.half),
        ]
        .into_iter()
        .flat_map(|(kind, found)| {
            let named = found.iter().take(NAMED);
            named.map(move |text| format!("{kind}: {text}"))
        })
        .collect()
    }
}

/// The steps of one order that were acknowledged.
type Acknowledged = BTreeMap<String, BTreeSet<Step>>;

/// Waits until everything is quiet, then compares.
///
/// # Errors
/// If the platform or a database can't be asked.
pub async fn judge(
    postgres: Option<&Postgres>,
    shop: &Shop,
    sink: &Sink,
    history: &[Entry],
) -> anyhow::Result<Verdict> {
    let acknowledged = acknowledged(history);
    let mut verdict = Verdict {
        acknowledged: acknowledged
            .values()
            .map(|steps| u64::try_from(steps.len()).unwrap_or(0))
            .sum(),
        ..Verdict::default()
    };
    if let Some(postgres) = postgres {
        quiet(postgres, &mut verdict).await?;
    }
    let mut commands: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let judged: Vec<Life> = {
        let lives = futures_util::stream::iter(
            acknowledged
                .iter()
                .map(async |(order, steps)| Life::look(shop, order, steps).await),
        );
        lives.buffer_unordered(AT_ONCE).try_collect().await?
    };
    for command in sink.commands().await?.into_keys() {
        if command.contains(',') {
            verdict.doubled.push(format!("the command {command}"));
        }
    }
    for (return_id, key) in sink.asked().await {
        commands.entry(return_id).or_default().insert(key);
    }
    for life in judged {
        life.compare(&commands, &mut verdict);
    }
    if let Some(postgres) = postgres {
        events(postgres, &mut verdict)?;
    }
    Ok(verdict)
}

fn acknowledged(history: &[Entry]) -> Acknowledged {
    let mut all = Acknowledged::new();
    for entry in history.iter().filter(|entry| entry.status == "OK") {
        let step = Step::ALL
            .into_iter()
            .find(|step| step.method() == entry.call);
        if let Some(step) = step {
            all.entry(entry.order_id.clone()).or_default().insert(step);
        }
    }
    all
}

/// One order and its return, as the platform tells them.
struct Life {
    order_id: String,
    steps: BTreeSet<Step>,
    payments: usize,
    delivered: bool,
    shipments: usize,
    known: bool,
    returns: Vec<Return>,
}

impl Life {
    async fn look(shop: &Shop, order_id: &str, steps: &BTreeSet<Step>) -> anyhow::Result<Self> {
        let request = GetOrderRequest {
            order_id: order_id.to_owned(),
        };
        let found =
            match patiently(async || shop.orders.clone().get_order(request.clone()).await).await {
                Ok(order) => Some(order.into_inner()),
                Err(status) if status.code() == Code::NotFound => None,
                Err(status) => return Err(status).context("the oracle asks for an order"),
            };
        let mut life = Self {
            order_id: order_id.to_owned(),
            steps: steps.clone(),
            payments: 0,
            delivered: false,
            shipments: 0,
            known: found.is_some(),
            returns: Vec::new(),
        };
        if let Some(order) = found {
            life.payments = order.payments.len();
            life.shipments = order.shipments.len();
            life.delivered = order
                .shipments
                .iter()
                .any(|shipment| shipment.status() == TrackingStatus::Delivered);
        }
        // A return may be there though nobody was told; its refund must come to an end all the same.
        let deadline = Instant::now() + QUIET;
        loop {
            life.returns = returns_of(shop, order_id)
                .await
                .context("the oracle asks for returns")?;
            let waits = life
                .returns
                .iter()
                .any(|seen| !seen.refunds.is_empty() && seen.state() == State::Inspected);
            if !waits || Instant::now() > deadline {
                return Ok(life);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn compare(&self, commands: &BTreeMap<String, BTreeSet<String>>, verdict: &mut Verdict) {
        let order = &self.order_id;
        let mut need = |step: Step, there: bool| {
            if self.steps.contains(&step) && !there {
                verdict.lost.push(format!("{} of {order}", step.method()));
            }
        };
        need(Step::Order, self.known);
        need(Step::Payment, self.payments > 0);
        need(Step::Shipment, self.shipments > 0);
        need(Step::Delivery, self.delivered);
        let state = self.returns.first().map(Return::state);
        let passed = |least: State| state.is_some_and(|state| way(state) >= way(least));
        need(Step::Create, state.is_some());
        need(Step::Approve, passed(State::Approved));
        need(Step::Receive, passed(State::Received));
        need(Step::Inspect, passed(State::Inspected));
        let refunds: usize = self.returns.iter().map(|seen| seen.refunds.len()).sum();
        need(Step::Refund, refunds > 0);
        for (what, count) in [
            ("payments", self.payments),
            ("shipments", self.shipments),
            ("returns", self.returns.len()),
            ("refunds", refunds),
        ] {
            if count > 1 {
                verdict.doubled.push(format!("{count} {what} of {order}"));
            }
        }
        for seen in &self.returns {
            let keys = commands.get(&seen.return_id).map_or(0, BTreeSet::len);
            if keys > seen.refunds.len() {
                verdict.doubled.push(format!(
                    "{keys} commands for {} refunds of {}",
                    seen.refunds.len(),
                    seen.return_id
                ));
            }
            if !seen.refunds.is_empty() && seen.state() != State::Refunded {
                verdict.half.push(format!(
                    "{} has a refund and is {}",
                    seen.return_id,
                    seen.state().as_str_name()
                ));
            }
        }
    }
}

async fn returns_of(shop: &Shop, order_id: &str) -> Result<Vec<Return>, Status> {
    let request = ListReturnsRequest {
        order_id: order_id.to_owned(),
        ..ListReturnsRequest::default()
    };
    let answer =
        patiently(async || shop.returns.clone().list_returns(request.clone()).await).await?;
    Ok(answer.into_inner().returns)
}

/// Asks again while it is told to come again: what is asked here has just been broken.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Status>) -> Result<T, Status> {
    let deadline = Instant::now() + QUIET;
    loop {
        match ask().await {
            Err(status)
                if matches!(status.code(), Code::Unavailable | Code::ResourceExhausted)
                    && Instant::now() < deadline =>
            {
                tokio::time::sleep(LOOK).await;
            }
            answer => return answer,
        }
    }
}

/// How far a state is on the way that the load takes.
const fn way(state: State) -> u8 {
    match state {
        State::Unspecified | State::Requested | State::NeedsReview => 0,
        State::Approved => 1,
        State::LabelIssued => 2,
        State::InTransit => 3,
        State::Received => 4,
        State::Inspected => 5,
        State::Refunded => 6,
        // Ends that the load doesn't ask for.
        State::Exchanged
        | State::Credited
        | State::Rejected
        | State::Cancelled
        | State::Expired
        | State::LostInTransit
        | State::Returned => 0,
    }
}

/// Waits until outboxes are empty and returns has seen what orders told.
async fn quiet(postgres: &Postgres, verdict: &mut Verdict) -> anyhow::Result<()> {
    let deadline = Instant::now() + QUIET;
    loop {
        let behind = behind(postgres)?;
        if behind.is_empty() || Instant::now() > deadline {
            verdict.lost.extend(behind);
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What isn't told or isn't heard yet.
fn behind(postgres: &Postgres) -> anyhow::Result<Vec<String>> {
    let mut behind = Vec::new();
    for schema in SCHEMAS {
        let waiting = count(
            postgres,
            &format!("SELECT count(*) FROM {schema}.store_outbox WHERE published_at IS NULL"),
        )?;
        if waiting > 0 {
            behind.push(format!("{waiting} events of {schema} that nobody was told"));
        }
    }
    let stale = count(postgres, STALE)?;
    if stale > 0 {
        behind.push(format!(
            "{stale} orders that returns knows an older revision of"
        ));
    }
    Ok(behind)
}

/// Orders whose newest revision hasn't come to returns.
const STALE: &str = "SELECT count(*) FROM orders.orders o LEFT JOIN returns.order_snapshot s \
     ON s.tenant = o.tenant AND s.order_id = o.order_id \
     WHERE s.revision IS NULL OR s.revision < o.revision";

/// The same fact under two ids.
fn events(postgres: &Postgres, verdict: &mut Verdict) -> anyhow::Result<()> {
    for schema in SCHEMAS {
        let doubled = postgres.ask(&format!(
            "SELECT type, subject, revision FROM {schema}.store_outbox \
             GROUP BY tenant, type, subject, revision HAVING count(*) > 1"
        ))?;
        for line in doubled.lines().filter(|line| !line.is_empty()) {
            verdict.doubled.push(format!("the event {line}"));
        }
    }
    Ok(())
}

fn count(postgres: &Postgres, statement: &str) -> anyhow::Result<u64> {
    let answer = postgres.ask(statement)?;
    answer
        .trim()
        .parse()
        .with_context(|| format!("`{statement}` answered `{answer}`"))
}
