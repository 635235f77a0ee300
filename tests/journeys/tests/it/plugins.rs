//! Plugins that misbehave: the call ends in time with NEEDS_REVIEW, and nobody else notices.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use postlude_journeys::{World, bundles, on_every_setup, shop::Shop, story::Story, wait};
use postlude_proto::{
    plugins::v1::{GetRunRequest, ListRunsRequest, ReplayRunRequest},
    returns::v1::{CreateReturnRequest, Outcome, RequestedLine, ReturnReason, r#return},
    runs::v1::{Run, run},
};
use tokio::time::{Instant, timeout};
use tonic::Status;
use tonic_types::StatusExt as _;

/// A call with a plugin that misbehaves takes this long at most, on a machine that does other work
/// too. The plugin itself is stopped far earlier.
const IN_TIME: Duration = Duration::from_secs(5);

/// A call beside it.
const UNTOUCHED: Duration = Duration::from_secs(2);

on_every_setup! {
    async fn a_plugin_that_loops_leaves_the_return_to_a_person(world: World) -> anyhow::Result<()> {
        needs_review(&world, "endless-loop").await
    }

    async fn a_plugin_that_allocates_without_end_leaves_the_return_to_a_person(world: World) -> anyhow::Result<()> {
        needs_review(&world, "endless-allocation").await
    }

    async fn a_plugin_that_traps_leaves_the_return_to_a_person(world: World) -> anyhow::Result<()> {
        needs_review(&world, "trap").await
    }

    async fn a_plugin_that_gives_more_than_was_paid_leaves_the_return_to_a_person(world: World) -> anyhow::Result<()> {
        needs_review(&world, "negative-fee").await
    }
}

async fn needs_review(world: &World, fixture: &str) -> anyhow::Result<()> {
    let neighbour = world.tenant("neighbour").await?;
    world.install_standard_returns(&neighbour).await?;
    let theirs = Story::new("order-of-the-neighbour", world.days_ago(6));
    theirs.deliver_all(&neighbour).await?;
    theirs.delivery_is_known(&neighbour, "2").await?;
    approved(&neighbour, &theirs).await?;

    let shop = world.tenant("shop").await?;
    bundles::install(&shop, &bundles::fixture(fixture)?).await?;
    let story = Story::new("order", world.days_ago(6));
    story.deliver_all(&shop).await?;
    wait::until("returns knows of the delivery", async || {
        let quote = story.quote_of(&shop, "2").await?;
        Ok::<_, Status>((quote.outcome() == Outcome::NeedsReview).then_some(()))
    })
    .await?;
    for attempt in 0..3 {
        let begun = Instant::now();
        let (answer, beside) = tokio::join!(
            timeout(IN_TIME, open(&shop, &story, attempt)),
            approved(&neighbour, &theirs)
        );
        let opened = answer.with_context(|| format!("not within {IN_TIME:?}"))??;
        ensure!(
            opened.state() == r#return::State::NeedsReview,
            "after {:?}: {opened:?}",
            begun.elapsed()
        );
        ensure!(!opened.reasons.is_empty(), "it says why: {opened:?}");
        ensure!(beside? <= UNTOUCHED, "the call beside it was slow");
        // The next call is untouched.
        ensure!(
            approved(&neighbour, &theirs).await? <= UNTOUCHED,
            "the next call was slow"
        );
    }
    let faults = replay_all(&shop).await?;
    ensure!(faults > 0, "the faults are on record");
    replay_all(&neighbour).await?;

    // The tenant itself is not marked: a plugin that behaves takes over.
    world.install_standard_returns(&shop).await?;
    let next = Story::new("next-order", world.days_ago(6));
    next.deliver_all(&shop).await?;
    next.delivery_is_known(&shop, "2").await?;
    approved(&shop, &next).await.map(drop)
}

/// Asks for the single unit of line 2 and gives how long the yes took.
async fn approved(shop: &Shop, story: &Story) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let quote = story.quote_of(shop, "2").await?;
    ensure!(quote.outcome() == Outcome::Approved, "{quote:?}");
    Ok(begun.elapsed())
}

/// Opens a return of one of line 3's three units.
async fn open(
    shop: &Shop,
    story: &Story,
    attempt: u32,
) -> Result<postlude_proto::returns::v1::Return, Status> {
    let request = CreateReturnRequest {
        order_id: story.order_id.clone(),
        lines: lines("3"),
        request_id: format!("attempt-{attempt}"),
        ..CreateReturnRequest::default()
    };
    Ok(shop
        .returns
        .clone()
        .create_return(request)
        .await?
        .into_inner())
}

fn lines(line_id: &str) -> Vec<RequestedLine> {
    vec![RequestedLine {
        line_id: line_id.to_owned(),
        quantity: 1,
        reason: ReturnReason::ChangedMind.into(),
        ..RequestedLine::default()
    }]
}

/// Replays every recorded decision: the same bytes, or a reason why there are none to compare. Gives
/// the number of faults on record.
async fn replay_all(shop: &Shop) -> anyhow::Result<usize> {
    let request = ListRunsRequest {
        hook: "return-policy".to_owned(),
        ..ListRunsRequest::default()
    };
    let runs = shop
        .plugins
        .clone()
        .list_runs(request)
        .await?
        .into_inner()
        .runs;
    ensure!(!runs.is_empty(), "runs are on record");
    for run in &runs {
        let request = ReplayRunRequest {
            run_id: run.run_id.clone(),
        };
        match shop.plugins.clone().replay_run(request).await {
            Ok(replay) => {
                let replay = replay.into_inner();
                ensure!(replay.identical, "{run:?}: {replay:?}");
                ensure!(
                    replay.recorded_output == replay.replayed_output,
                    "{run:?}: {replay:?}"
                );
            }
            Err(status) => {
                let reason = status.get_details_error_info().map(|info| info.reason);
                let told = reason.as_deref() == Some("RUN_NOT_REPLAYABLE");
                ensure!(
                    told && stopped_by_the_clock(shop, run).await?,
                    "{run:?}: {status:?}"
                );
            }
        }
    }
    Ok(runs
        .iter()
        .filter(|run| run.result() == run::Result::Fault)
        .count())
}

/// Only a stop by wall time can't be replayed: it depends on the machine.
async fn stopped_by_the_clock(shop: &Shop, run: &Run) -> anyhow::Result<bool> {
    let request = GetRunRequest {
        run_id: run.run_id.clone(),
    };
    let whole = shop.plugins.clone().get_run(request).await?.into_inner();
    Ok(whole.result() == run::Result::Fault && whole.fault_code.contains("TIME"))
}
