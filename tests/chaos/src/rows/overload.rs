//! Five times what the platform can take.

use std::time::Duration;

use postlude::load::{Pace, Plan, tally::Measured};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{Outcome, Scene, Trial};
use crate::trial::{Load, Ran};

const CLIENTS: u32 = 32;
/// Returns that the saturation is measured on.
const LIVES: u64 = 600;
const TIMES: u64 = 5;
/// What is still admitted under overload, in percent of the saturation.
const ADMITTED: u64 = 70;
/// How fast what is admitted is answered.
const FAST: Duration = Duration::from_millis(500);
/// The platform must be well again after this long.
const WELL: Duration = Duration::from_secs(10);

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let scene = Scene::open(trial.options()).await?;
    let saturation = saturation(trial, &scene).await?;
    outcome.figures.push(format!(
        "saturation: {saturation} writes a second at {CLIENTS} clients"
    ));

    let rate = u32::try_from(saturation * TIMES)?;
    let plan = Plan {
        pace: Pace::Rate(rate),
        patience: Duration::ZERO,
        most_in_flight: 20_000,
        ..trial.writes("overload")
    };
    let load = scene.load(plan).await?;
    load.pause(trial.time / 2).await;
    let refusal = refusal(&scene, &load).await;
    let ran = load.finish().await?;
    outcome.faults += 1;
    let elapsed = ran.summary.elapsed;
    let answered: u64 = ran.summary.calls.iter().map(|call| call.ok).sum();
    let admitted = per_second(answered, elapsed);
    let slowest = slowest(&ran);
    outcome.figures.push(format!(
        "at {rate} a second: {admitted} admitted ({} % of saturation), slowest p99 {} ms",
        admitted * 100 / saturation.max(1),
        slowest.as_millis()
    ));
    outcome.tell_failures(&ran, |words| words.contains("RESOURCE_EXHAUSTED"));
    outcome.must(
        admitted * 100 >= saturation * ADMITTED,
        format!("less than {ADMITTED} % of the saturation was admitted"),
    );
    outcome.must(
        slowest <= FAST,
        format!("what was admitted waited {slowest:?}"),
    );
    outcome.must(refusal == Refusal::WithRetryInfo, format!("{refusal:?}"));

    let calm = Plan {
        pace: Pace::Rate(u32::try_from(saturation / 3)?.max(1)),
        duration: WELL,
        warm_up: WELL / 2,
        patience: Duration::ZERO,
        ..trial.writes("calm")
    };
    let after = scene.load(calm).await?.finish().await?;
    outcome.tell_failures(&after, |_| false);
    outcome.figures.push(format!(
        "after {} s at a third of it: slowest p99 {} ms",
        (WELL / 2).as_secs(),
        self::slowest(&after).as_millis()
    ));
    outcome.verdict = scene.judge(&ran).await?;
    outcome.verdict.add(scene.judge(&after).await?);
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// Writes a second that waiting clients get answered.
async fn saturation(trial: &Trial, scene: &Scene) -> anyhow::Result<u64> {
    let plan = Plan {
        pace: Pace::Clients(CLIENTS),
        lives: LIVES,
        duration: Duration::from_secs(120),
        ..trial.writes("saturation")
    };
    let ran = scene.load(plan).await?.finish().await?;
    let steps = ran.summary.calls.iter();
    let answered: u64 = steps
        .filter(|call| call.name != "whole life")
        .map(|call| call.ok)
        .sum();
    Ok(per_second(answered, ran.summary.elapsed))
}

fn per_second(count: u64, elapsed: Duration) -> u64 {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    count
        .saturating_mul(1_000)
        .checked_div(millis)
        .unwrap_or_default()
}

fn slowest(ran: &Ran) -> Duration {
    let p99 = |call: &Measured| call.p99;
    ran.summary.calls.iter().map(p99).max().unwrap_or_default()
}

/// How a refused caller is told when to come again.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    WithRetryInfo,
    WithoutRetryInfo(Code),
    NotSeen,
}

async fn refusal(scene: &Scene, load: &Load) -> Refusal {
    while load.goes_on() {
        let answer = super::kills::probe(scene, postlude::Part::Orders).await;
        match answer {
            Err(status) if says_when(&status) => return Refusal::WithRetryInfo,
            Err(status) => return Refusal::WithoutRetryInfo(status.code()),
            Ok(()) => {}
        }
    }
    Refusal::NotSeen
}

fn says_when(status: &Status) -> bool {
    let info = status.get_details_retry_info();
    status.code() == Code::ResourceExhausted && info.is_some_and(|info| info.retry_delay.is_some())
}
