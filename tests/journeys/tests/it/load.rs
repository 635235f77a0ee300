//! The load generator, whose figures others rely on, against the platform on every set-up.

use std::time::Duration;

use anyhow::ensure;
use postlude::load::{self, Caller, Connect, History, Mix, Pace, Plan, Silent};
use postlude_journeys::{World, on_every_setup, wait};
use postlude_kernel::{Clock as _, SystemClock};
use tokio_util::sync::CancellationToken;

on_every_setup! {
    async fn a_closed_loop_takes_every_prepared_return_to_its_refund(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        let plan = Plan { lives: 12, ..plan("closed", Pace::Clients(3)) };
        let to = Connect { endpoint: format!("http://{}", world.address), key: shop.key.clone(), connections: 2 };
        let caller = Caller::connect(&to, &plan).await?;
        let history = History::memory();
        let summary = load::run(plan.clone(), caller, history.clone(), &Silent, CancellationToken::new()).await?;
        ensure!(summary.refunded == 12, "{summary:?}");
        ensure!(summary.calls.iter().all(|call| call.ok == 12 && call.count == 12), "{summary:?}");
        let caller = Caller::connect(&to, &plan).await?;
        load::settle(&caller, &summary.ended, wait::DEADLINE).await?;
        ensure!(world.sink.commands().await?.len() == 12, "a command by key each");
        let written = history.take();
        ensure!(written.len() == 12 * 9, "{} calls were written down", written.len());
        ensure!(written.iter().all(|entry| entry.status == "OK"));
        Ok(())
    }

    async fn an_open_loop_makes_the_calls_that_are_due(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        let mix: Mix = "life=3,get-return=1,list-returns=1".parse().map_err(anyhow::Error::msg)?;
        let plan = Plan { mix, duration: Duration::from_secs(3), ..plan("open", Pace::Rate(40)) };
        let to = Connect { endpoint: format!("http://{}", world.address), key: shop.key.clone(), connections: 2 };
        let caller = Caller::connect(&to, &plan).await?;
        let history = History::none();
        let summary = load::run(plan, caller, history, &Silent, CancellationToken::new()).await?;
        let made: u64 = summary.calls.iter().map(|call| call.count).sum();
        ensure!((made, summary.skipped) == (120, 0), "{summary:?}");
        ensure!(summary.calls.iter().all(|call| call.refused.is_empty()), "{summary:?}");
        Ok(())
    }
}

fn plan(name: &str, pace: Pace) -> Plan {
    let (now, _) = SystemClock.now().to_seconds_nanos();
    Plan {
        patience: wait::DEADLINE,
        ..Plan::new(name, pace, Duration::from_secs(60), now)
    }
}
