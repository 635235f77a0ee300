//! A consumer that is gone while others write, and what it has missed when it is back.

use anyhow::Context as _;
use postlude::{
    Part,
    load::{Plan, life::Step},
};
use tokio::time::Instant;

use super::{Outcome, Scene, Trial};
use crate::{
    figures,
    trial::{self, Ran},
};

/// Orders that may have been overtaken by a later one: what is worked on at the same time, and no more.
const OVERTAKEN: u64 = 512;
/// What catching up may cost in memory beyond what the same process needs to keep up, MiB.
const BUMP: u64 = 64;

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut scene = Scene::open(trial.options()).await?;
    // It keeps up first, so that there is something to compare with.
    let plan = Plan {
        until: Step::Delivery,
        duration: trial.time / 4,
        ..trial.writes("before")
    };
    let before = scene.load(plan).await?.finish().await?;
    let known = orders(&before)?;
    trial::until("returns keeps up", async || {
        Ok(scene.progress("before")?.0 >= known)
    })
    .await?;
    let at_work = scene.memory()?;

    scene.cluster.apart.kill(Part::Returns, 0).await?;
    outcome.faults += 1;
    let plan = Plan {
        until: Step::Delivery,
        ..trial.writes("away")
    };
    let ran = scene.load(plan).await?.finish().await?;
    outcome.tell_failures(&ran, |_| false);
    let orders = orders(&ran)?;
    let events = ran.history.len();

    let back = Instant::now();
    scene.cluster.apart.restart(Part::Returns, 0).await?;
    let (mut overtaken, mut most) = (0, 0);
    trial::until("what was missed is known", async || {
        let (count, after) = scene.progress("away")?;
        overtaken = overtaken.max(after.saturating_sub(count));
        most = most.max(scene.memory()?);
        Ok(count >= orders)
    })
    .await?;
    outcome.recovered(back.elapsed());
    outcome.figures.push(format!(
        "{} s away; {events} events of {orders} orders caught up in {} ms",
        trial.time.as_secs(),
        back.elapsed().as_millis()
    ));
    outcome.figures.push(format!(
        "memory {at_work} MiB at work before, {most} MiB at most while it caught up; \
         at most {overtaken} orders overtaken by a later one"
    ));
    outcome.must(most <= at_work + BUMP, "memory grew while it caught up");
    outcome.must(overtaken <= OVERTAKEN, "the oldest didn't come first");
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// How many orders a load has recorded.
fn orders(ran: &Ran) -> anyhow::Result<u64> {
    let history = ran.history.iter();
    let recorded = history.filter(|entry| entry.call == "RecordOrder" && entry.status == "OK");
    Ok(u64::try_from(recorded.count())?)
}

impl Scene {
    /// How many of a load's orders returns knows, and the number after the latest of them.
    fn progress(&self, load: &str) -> anyhow::Result<(u64, u64)> {
        let answer = self.cluster.postgres.ask(&format!(
            "SELECT count(*), coalesce(max(substr(order_id, {})::bigint) + 1, 0) \
             FROM returns.order_snapshot WHERE order_id LIKE '{load}-%'",
            load.len() + 2
        ))?;
        let (count, after) = answer.trim().split_once('|').context("two numbers")?;
        Ok((count.parse()?, after.parse()?))
    }

    /// Of returns, MiB.
    fn memory(&self) -> anyhow::Result<u64> {
        let processes = self.cluster.apart.processes();
        let returns = processes.iter().find(|one| one.part == Part::Returns);
        let pid = returns.and_then(|one| one.pid).context("returns runs")?;
        Ok(figures::used(pid).unwrap_or_default().memory_kib / 1024)
    }
}
