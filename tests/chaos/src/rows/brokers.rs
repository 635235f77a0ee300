//! NATS away for a while, killed, its store wiped.

use std::time::Duration;

use anyhow::Context as _;

use super::{Outcome, Scene, Trial};
use crate::trial;

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut scene = Scene::open(trial.options()).await?;
    let load = scene.load(trial.writes("broker")).await?;
    let away = (trial.time / 4).min(Duration::from_secs(60));
    // Killed, and away for a while.
    load.pause(trial.time / 8).await;
    scene.cluster.nats.kill()?;
    outcome.faults += 1;
    let from = load.elapsed();
    load.pause(away).await;
    let until = load.elapsed();
    let waiting = waiting(&scene)?;
    scene.cluster.nats.start_again()?;
    outcome.recovered(drained(&scene).await?);
    // Killed, and everything that it kept is gone.
    load.pause(trial.time / 8).await;
    scene.cluster.nats.kill()?;
    scene.cluster.nats.wipe()?;
    outcome.faults += 1;
    scene.cluster.nats.start_again()?;
    outcome.recovered(drained(&scene).await?);
    let ran = load.finish().await?;
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let (from, until) = (micros(from), micros(until));
    let meanwhile = ran.history.iter().filter(|entry| {
        entry.status == "OK" && entry.due_micros > from && entry.ended_micros < until
    });
    let taken = meanwhile.count();
    outcome.figures.push(format!(
        "{taken} writes were taken in the {} s without a broker; {waiting} events waited",
        away.as_secs()
    ));
    outcome.must(taken > 0, "no write was taken without a broker");
    outcome.tell_failures(&ran, |_| false);
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// Events that wait in outboxes.
fn waiting(scene: &Scene) -> anyhow::Result<u64> {
    let answer = scene.cluster.postgres.ask(
        "SELECT (SELECT count(*) FROM orders.store_outbox WHERE published_at IS NULL) \
         + (SELECT count(*) FROM returns.store_outbox WHERE published_at IS NULL)",
    )?;
    answer.trim().parse().context("a number of events")
}

/// Waits until what waited is told; under load something always waits.
async fn drained(scene: &Scene) -> anyhow::Result<Duration> {
    trial::until("outboxes drain", async || Ok(waiting(scene)? < 50)).await
}
