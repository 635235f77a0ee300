//! Steady load: no errors, flat memory.

use std::time::Duration;

use postlude::load::{Mix, Pace, Plan, millis};

use super::{Outcome, Scene, Trial};
use crate::figures::{self, Used};

/// Calls a second: one write for three reads.
const CALLS: u32 = 800;
const MIX: &str = "life=1,get-return=2,get-order=1";
/// Memory at the end beside that after the first third, in percent.
const MOST_GROWTH: u64 = 120;

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let scene = Scene::open(trial.options()).await?;
    let mix: Mix = MIX.parse().map_err(anyhow::Error::msg)?;
    let plan = Plan {
        mix,
        patience: Duration::ZERO,
        pace: Pace::Rate(CALLS),
        warm_up: trial.time / 6,
        ..trial.writes("steady")
    };
    let load = scene.load(plan).await?;
    load.pause(trial.time / 3).await;
    let before = all(&scene);
    let ran = load.finish().await?;
    let after = all(&scene);
    outcome.tell_failures(&ran, |_| false);
    for call in &ran.summary.calls {
        outcome.figures.push(format!(
            "{} {}: p50 {} ms, p99 {} ms",
            call.ok,
            call.name,
            millis(call.p50),
            millis(call.p99)
        ));
    }
    let slowest = ran.summary.calls.iter().map(|call| call.p99).max();
    outcome.figures.push(format!(
        "{:.0} calls a second answered; slowest p99 {} ms (aimed at below 100)",
        ran.summary.answered_per_second(),
        millis(slowest.unwrap_or_default())
    ));
    outcome.figures.push(format!(
        "memory {} MiB after a third, {} MiB at the end",
        before.memory_kib / 1024,
        after.memory_kib / 1024
    ));
    outcome.must(
        after.memory_kib * 100 <= before.memory_kib * MOST_GROWTH,
        "memory isn't flat",
    );
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// What the services' processes use together.
fn all(scene: &Scene) -> Used {
    let mut sum = Used::default();
    for process in scene.cluster.apart.processes() {
        let one = process.pid.and_then(figures::used).unwrap_or_default();
        sum.memory_kib += one.memory_kib;
        sum.processor += one.processor;
    }
    sum
}
