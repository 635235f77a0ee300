//! One order, told whole: steps 1, 2, 3 and 5 as far as orders and returns go.

use std::path::Path;

use anyhow::{Context as _, ensure};
use postlude_journeys::{
    World, on_every_setup,
    story::{STEPS, Step, Story},
    wait,
};
use postlude_proto::{
    orders::v1::{GetOrderRequest, WatchOrderRequest, order},
    plugins::v1::{GetRunRequest, ListRunsRequest, ReplayRunRequest},
    returns::v1::{Outcome, RefundBreakdown, WatchReturnRequest, refund, r#return},
};
use postlude_testkit::Authority;
use tonic::Status;

on_every_setup! {
    async fn one_order_is_told_whole(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        world.install_standard_returns(&shop).await?;
        let mut story = Story::new("order", world.days_ago(6));

        // 1. Recorded, shipped, delivered.
        for step in STEPS.into_iter().take_while(|step| *step != Step::Quote) {
            story.step(&shop, step).await?;
        }
        let request = GetOrderRequest { order_id: story.order_id.clone() };
        let order = shop.orders.clone().get_order(request).await?.into_inner();
        ensure!(order.state() == order::State::Delivered, "{order:?}");

        // 2. Quoted with reasons, opened by the quote's decision, labelled.
        story.step(&shop, Step::Quote).await?;
        let quote = story.quote.clone().context("a quote")?;
        ensure!(quote.outcome() == Outcome::Approved, "{quote:?}");
        ensure!(!quote.reasons.is_empty(), "the quote says why: {quote:?}");
        let decision = quote.decision.clone().context("who decided")?;
        ensure!(decision.plugin_id == "standard-returns", "{decision:?}");
        ensure!(decision.component_digest.starts_with("sha256:"), "{decision:?}");
        story.step(&shop, Step::Return).await?;
        let opened = story.opened.clone().context("a return")?;
        ensure!(opened.state() == r#return::State::Approved, "{opened:?}");
        // Asked again where an event that was still on its way had changed the facts.
        let used = story.quote.clone().context("a quote")?;
        ensure!(opened.quote_id == used.quote_id, "{opened:?}");
        ensure!(opened.decision == used.decision, "the quote's own decision is used");
        story.step(&shop, Step::Label).await?;

        // 3. Back, counted, judged, refunded once.
        for step in [Step::Scan, Step::Receive, Step::Inspect, Step::Refund] {
            story.step(&shop, step).await?;
        }
        let done = story.finish(&shop).await?;
        let [paid] = done.refunds.as_slice() else {
            anyhow::bail!("one refund, not {:?}", done.refunds);
        };
        ensure!(paid.state() == refund::State::Confirmed, "{paid:?}");
        ensure!(paid.breakdown == quote.refund, "what was quoted is paid: {paid:?}");
        adds_up(paid.breakdown.as_ref().context("a breakdown")?)?;
        let commands = world.sink.commands().await?;
        ensure!(commands.keys().eq([&paid.refund_id]), "one command by key: {commands:?}");

        // 5. Every decision answers why, and replays to the same bytes.
        ensure!(!done.reasons.is_empty(), "the return says why: {done:?}");
        let request = GetRunRequest { run_id: decision.run_id.clone() };
        let run = shop.plugins.clone().get_run(request).await?.into_inner();
        ensure!(run.component_digest == decision.component_digest, "{run:?}");
        replay_all(&world, &shop).await
    }

    async fn whoever_watches_sees_every_change(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        world.install_standard_returns(&shop).await?;
        let mut story = Story::new("order", world.days_ago(6));
        story.step(&shop, Step::Order).await?;
        let request = WatchOrderRequest { order_id: story.order_id.clone() };
        let mut watch = shop.orders.clone().watch_order(request).await?.into_inner();
        let first = watch.message().await?.context("the order as it is")?;
        ensure!(first.revision == 1, "{first:?}");
        for step in STEPS.into_iter().skip(1).take_while(|step| *step != Step::Quote) {
            story.step(&shop, step).await?;
        }
        let mut last = first.revision;
        loop {
            let seen = watch.message().await?.context("the watch goes on")?;
            ensure!(seen.revision > last, "revision {} after {last}", seen.revision);
            last = seen.revision;
            if seen.state() == order::State::Delivered {
                break;
            }
        }
        drop(watch);

        for step in [Step::Quote, Step::Return] {
            story.step(&shop, step).await?;
        }
        let return_id = story.opened.clone().context("a return")?.return_id;
        let request = WatchReturnRequest { return_id };
        let mut watch = shop.returns.clone().watch_return(request).await?.into_inner();
        for step in [Step::Label, Step::Scan, Step::Receive, Step::Inspect, Step::Refund] {
            story.step(&shop, step).await?;
        }
        let mut last = 0;
        loop {
            let seen = watch.message().await?.context("the watch goes on")?;
            ensure!(seen.revision > last, "revision {} after {last}", seen.revision);
            last = seen.revision;
            if seen.state() == r#return::State::Refunded {
                return Ok(());
            }
        }
    }
}

/// Replays every run that the tenant's decisions left.
async fn replay_all(_world: &World, shop: &postlude_journeys::Shop) -> anyhow::Result<()> {
    let request = ListRunsRequest {
        hook: "return-policy".to_owned(),
        ..ListRunsRequest::default()
    };
    let runs = wait::until("the runs are listed", async || {
        let listed = shop.plugins.clone().list_runs(request.clone()).await?;
        let runs = listed.into_inner().runs;
        Ok::<_, Status>((!runs.is_empty()).then_some(runs))
    })
    .await?;
    for run in runs {
        let request = ReplayRunRequest {
            run_id: run.run_id.clone(),
        };
        let replay = shop.plugins.clone().replay_run(request).await?.into_inner();
        ensure!(replay.identical, "{}: {replay:?}", run.function);
        ensure!(
            replay.recorded_output == replay.replayed_output,
            "{}: {replay:?}",
            run.function
        );
    }
    Ok(())
}

fn adds_up(breakdown: &RefundBreakdown) -> anyhow::Result<()> {
    let amount = |part: &Option<postlude_proto::r#type::v1::Money>| {
        part.as_ref().map_or(0, |money| money.amount_minor)
    };
    let sum = amount(&breakdown.net)
        + amount(&breakdown.tax)
        + amount(&breakdown.shipping)
        + amount(&breakdown.restocking_fee)
        + amount(&breakdown.return_shipping_fee);
    ensure!(sum == amount(&breakdown.total) && sum > 0, "{breakdown:?}");
    Ok(())
}

/// Every call between services shows a certificate; the door stays as it is.
#[tokio::test]
async fn one_order_is_told_between_services_with_certificates() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let tls = Authority::new().issue(folder.path(), &["127.0.0.1"]);
    let setting = |key: &str, path: &Path| {
        let name = format!("POSTLUDE_TLS__{key}");
        (name, path.display().to_string())
    };
    let world = World::start_apart(vec![
        setting("CERTIFICATE", &tls.certificate),
        setting("PRIVATE_KEY", &tls.private_key),
        setting("AUTHORITY", &tls.authority),
    ])
    .await?;
    let shop = world.tenant("shop").await?;
    world.install_standard_returns(&shop).await?;
    let mut story = Story::new("order", world.days_ago(6));
    for step in STEPS {
        story.step(&shop, step).await?;
    }
    story.finish(&shop).await?;
    ensure!(world.stop().await?, "a process did not stop by itself");
    Ok(())
}
