//! A tenant whose plugin never ends: it is stopped, a person decides, and the others hardly feel it.

use std::time::Duration;

use postlude::load::{Pace, Plan};
use postlude_journeys::{Shop, bundles, story::Story, world};
use postlude_proto::returns::v1::Outcome as Decided;
use tokio_util::sync::CancellationToken;

use super::{Outcome, Scene, Trial};
use crate::trial::Ran;

/// The neighbour's calls at the same time.
const AT_ONCE: usize = 4;
/// p99 beside the neighbour, in percent of p99 alone.
const MOST: u128 = 200;
/// Below this a p99 says more about the machine than about the neighbour.
const FLOOR: Duration = Duration::from_millis(20);

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let scene = Scene::open(trial.options()).await?;
    let neighbour = scene.cluster.tenant("neighbour", &scene.sink).await?;
    let story = Story::new("order", world::days_ago(6));
    story.deliver_all(&neighbour).await?;
    story.delivery_is_known(&neighbour, "1").await?;
    let plan = |name: &str| Plan {
        pace: Pace::Rate(super::RATE / 2),
        warm_up: trial.time / 10,
        duration: trial.time / 2,
        ..trial.writes(name)
    };
    let alone = scene.load(plan("alone")).await?.finish().await?;
    bundles::install(&neighbour, &bundles::fixture("endless-loop")?).await?;
    let load = scene.load(plan("beside")).await?;
    let stop = CancellationToken::new();
    let ask = async {
        let asking = (0..AT_ONCE).map(|_| bother(&neighbour, &story, &stop));
        let asked = futures_util::future::join_all(asking).await;
        asked.into_iter().sum::<anyhow::Result<Bothered>>()
    };
    let end = async {
        let ran = load.finish().await;
        stop.cancel();
        ran
    };
    let (bothered, beside) = tokio::join!(ask, end);
    let (bothered, beside) = (bothered?, beside?);
    outcome.faults += bothered.reviewed;
    outcome.must(
        bothered.reviewed > 0,
        "no call came to the plugin that never ends",
    );
    outcome.must(
        bothered.others.is_empty(),
        format!("the plugin that never ends led to {:?}", bothered.others),
    );
    let (before, after) = (slowest(&alone), slowest(&beside));
    outcome.figures.push(format!(
        "{} calls to a plugin that never ends, all left to a person; slowest p99 of the other tenant {} ms alone, {} ms beside it",
        bothered.reviewed,
        before.as_millis(),
        after.as_millis()
    ));
    let most = before.max(FLOOR).as_micros() * MOST / 100;
    outcome.must(after.as_micros() <= most, "the neighbour is felt");
    for ran in [&alone, &beside] {
        outcome.tell_failures(ran, |_| false);
        outcome.verdict.add(scene.judge(ran).await?);
    }
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// What came of the neighbour's calls.
#[derive(Debug, Default)]
struct Bothered {
    reviewed: u64,
    others: Vec<String>,
}

impl std::iter::Sum for Bothered {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum.reviewed += one.reviewed;
            sum.others.extend(one.others);
            sum
        })
    }
}

async fn bother(shop: &Shop, story: &Story, stop: &CancellationToken) -> anyhow::Result<Bothered> {
    let mut bothered = Bothered::default();
    while !stop.is_cancelled() {
        match story.quote_of(shop, "1").await {
            Ok(quote) if quote.outcome() == Decided::NeedsReview => bothered.reviewed += 1,
            Ok(quote) => bothered
                .others
                .push(quote.outcome().as_str_name().to_owned()),
            // A full pool is shed, and the caller told to come again.
            Err(status) if status.code() == tonic::Code::ResourceExhausted => {}
            Err(status) => bothered.others.push(status.to_string()),
        }
    }
    Ok(bothered)
}

fn slowest(ran: &Ran) -> Duration {
    let calls = ran.summary.calls.iter();
    calls.map(|call| call.p99).max().unwrap_or_default()
}
