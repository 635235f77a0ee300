//! kill -9 of each process in turn.

use std::{collections::BTreeMap, time::Duration};

use postlude::Part;
use postlude_proto::{
    orders::v1::ListOrdersRequest, plugins::v1::ListPluginsRequest,
    returns::v1::GetReturnSettingsRequest,
};
use rand::RngExt as _;
use tokio::time::Instant;
use tonic::Status;

use super::{Outcome, Scene, Trial};
use crate::trial;

/// Kills of each process: at least, however short the trial.
const LEAST: u32 = 3;

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut scene = Scene::open(trial.options()).await?;
    let mut random = trial.random();
    let load = scene.load(trial.writes("kills")).await?;
    let mut rounds = 0;
    let mut worst = BTreeMap::<&str, Duration>::new();
    while rounds < LEAST || load.goes_on() {
        for part in Part::ALL {
            load.pause(Duration::from_millis(random.random_range(0..600)))
                .await;
            scene.cluster.apart.kill(part, 0).await?;
            let killed = Instant::now();
            outcome.faults += 1;
            scene.cluster.apart.restart(part, 0).await?;
            trial::recovery(part.name(), async || probe(&scene, part).await).await?;
            let away = killed.elapsed();
            outcome.recovered(away);
            let before = worst.entry(part.name()).or_default();
            *before = away.max(*before);
        }
        rounds += 1;
    }
    let ran = load.finish().await?;
    outcome.figures.push(format!(
        "{rounds} kills of each of {} processes; {} calls, {} of them made again",
        Part::ALL.len(),
        ran.history.len(),
        ran.repeats()
    ));
    for (part, away) in worst {
        let millis = away.as_millis();
        outcome
            .figures
            .push(format!("{part}: back after {millis} ms at the latest"));
    }
    outcome.tell_failures(&ran, |_| false);
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

/// A call that the part answers.
pub(super) async fn probe(scene: &Scene, part: Part) -> Result<(), Status> {
    let shop = &scene.shop;
    match part {
        Part::Orders => {
            let request = ListOrdersRequest::default();
            shop.orders.clone().list_orders(request).await.map(drop)
        }
        Part::PluginRegistry => {
            let request = ListPluginsRequest::default();
            shop.plugins.clone().list_plugins(request).await.map(drop)
        }
        Part::Returns | Part::Gateway => {
            let request = GetReturnSettingsRequest::default();
            shop.returns
                .clone()
                .get_return_settings(request)
                .await
                .map(drop)
        }
    }
}
