//! The whole platform killed with no warning, at every step of the story and in the middle of it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::ensure;
use postlude_journeys::{
    Served, bundles, log,
    sink::Sink,
    story::{STEPS, Story},
    world,
};
use postlude_proto::{
    Event,
    orders::v1::{
        OrderDelivered, OrderRecorded, PaymentRecorded, ShipmentDelivered, ShipmentRecorded,
    },
    returns::v1::{
        LabelIssued, RefundConfirmed, RefundRequested, ReturnApproved, ReturnCreated,
        ReturnInTransit, ReturnInspected, ReturnReceived,
    },
};
use postlude_testkit::{Database, Start, on_both_databases};

/// The command line, built with this test.
const BINARY: &str = env!("CARGO_BIN_EXE_postlude-under-test");

/// Calls are cut off after so long, a little more at each step: before, within and after the commit.
const CUTS: [u64; 5] = [0, 2, 6, 15, 40];

/// Which database the platform's processes use.
struct On(Database);

impl Start for On {
    async fn start(database: Database) -> Self {
        Self(database)
    }
}

on_both_databases! {
    async fn every_effect_happens_once_though_it_is_killed_after_every_step(on: On) -> anyhow::Result<()> {
        let mut served = Served::start(BINARY, on.0).await?;
        let sink = Sink::start().await;
        let key = served.tenant("shop").await?;
        let mut shop = served.shop(&key, &sink).await?;
        bundles::install_standard_returns(&shop).await?;
        let mut story = Story::new("order", world::days_ago(6));
        for step in STEPS {
            story.step(&shop, step).await?;
            served.kill().await?;
            served.restart().await?;
            shop = served.shop(&key, &sink).await?;
            // The client can't know whether its answer was the last thing before the end.
            story.step(&shop, step).await?;
        }
        story.finish(&shop).await?;
        happened_once(&mut served, &sink, &story).await
    }

    async fn every_effect_happens_once_though_it_is_killed_in_the_middle_of_calls(on: On) -> anyhow::Result<()> {
        let mut served = Served::start(BINARY, on.0).await?;
        let sink = Sink::start().await;
        let key = served.tenant("shop").await?;
        let mut shop = served.shop(&key, &sink).await?;
        bundles::install_standard_returns(&shop).await?;
        let mut story = Story::new("order", world::days_ago(6));
        for (number, step) in STEPS.into_iter().enumerate() {
            let cut = Duration::from_millis(CUTS[number % CUTS.len()]);
            let mut first = story.clone();
            // The kill is the point here, not the wait: whatever the call has come to by then, the
            // client asks again.
            let _ = tokio::time::timeout(cut, first.step(&shop, step)).await;
            served.kill().await?;
            served.restart().await?;
            shop = served.shop(&key, &sink).await?;
            story.step(&shop, step).await?;
        }
        story.finish(&shop).await?;
        happened_once(&mut served, &sink, &story).await
    }
}

/// One refund command by its key, and each event once: counted at the sink and in the bus' log.
async fn happened_once(served: &mut Served, sink: &Sink, story: &Story) -> anyhow::Result<()> {
    let [refund] = story.refunds() else {
        anyhow::bail!("one refund, not {:?}", story.refunds());
    };
    let commands = sink.commands().await?;
    ensure!(
        commands.keys().eq([&refund.refund_id]),
        "one command by key: {commands:?}"
    );

    served.kill().await?;
    let told = log::read_all(served).await?;
    let return_id = story
        .opened
        .as_ref()
        .map_or("", |opened| opened.return_id.as_str());
    let mut by_revision: BTreeMap<_, usize> = BTreeMap::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for envelope in &told {
        let of = (
            envelope.r#type.clone(),
            envelope.subject.clone(),
            envelope.revision,
        );
        *by_revision.entry(of).or_default() += 1;
        if [story.order_id.as_str(), return_id].contains(&envelope.subject.as_str()) {
            *by_name.entry(envelope.r#type.clone()).or_default() += 1;
        }
    }
    let repeated: Vec<_> = by_revision
        .iter()
        .filter(|(_, count)| **count > 1)
        .collect();
    ensure!(repeated.is_empty(), "told more than once: {repeated:?}");
    for (name, expected) in [
        (OrderRecorded::TYPE, 1),
        (PaymentRecorded::TYPE, 1),
        (ShipmentRecorded::TYPE, 2),
        (ShipmentDelivered::TYPE, 2),
        (OrderDelivered::TYPE, 1),
        (ReturnCreated::TYPE, 1),
        (ReturnApproved::TYPE, 1),
        (LabelIssued::TYPE, 1),
        (ReturnInTransit::TYPE, 1),
        (ReturnReceived::TYPE, 1),
        (ReturnInspected::TYPE, 1),
        (RefundRequested::TYPE, 1),
        (RefundConfirmed::TYPE, 1),
    ] {
        let count = by_name.get(name).copied().unwrap_or_default();
        ensure!(
            count == expected,
            "{name}: {count}, not {expected}; all: {by_name:?}"
        );
    }
    Ok(())
}
