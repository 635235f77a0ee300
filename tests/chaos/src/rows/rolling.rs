//! A rolling restart: two processes of each service, each asked to stop and started again.

use std::time::Duration;

use postlude::Part;

use super::{Outcome, Scene, Trial};
use crate::cluster::GRACE;

const REPLICAS: usize = 2;

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut scene = Scene::open(trial.options().replicas(REPLICAS)).await?;
    let load = scene.load(trial.writes("rolling")).await?;
    let mut rounds = 0;
    while rounds == 0 || load.goes_on() {
        for part in Part::ALL {
            let replicas = if part == Part::Gateway { 1 } else { REPLICAS };
            for number in 0..replicas {
                load.pause(Duration::from_millis(500)).await;
                let well = scene.cluster.apart.drain(part, number, GRACE).await?;
                outcome.must(well, format!("{} didn't end well", part.name()));
                outcome.faults += 1;
                scene.cluster.apart.restart(part, number).await?;
            }
        }
        rounds += 1;
    }
    let ran = load.finish().await?;
    outcome.figures.push(format!(
        "{rounds} rounds of {REPLICAS} processes of each service and the gateway; {} calls, {} of them made again",
        ran.history.len(),
        ran.repeats()
    ));
    outcome.tell_failures(&ran, |_| false);
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}
