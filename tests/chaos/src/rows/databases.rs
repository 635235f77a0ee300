//! PostgreSQL stopped at once, and its backends killed.

use std::time::Duration;

use postlude::Part;

use super::{Outcome, Scene, Trial, kills::probe};
use crate::trial;

/// After this long the platform must take calls again.
const HEALED: Duration = Duration::from_secs(5);
const LEAST: u32 = 2;
const BACKENDS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE datname = 'postlude' AND pid <> pg_backend_pid()";

pub(super) async fn run(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let scene = Scene::open(trial.options()).await?;
    let load = scene.load(trial.writes("database")).await?;
    let mut rounds = 0;
    while rounds < LEAST || load.goes_on() {
        load.pause(Duration::from_secs(3)).await;
        scene.cluster.postgres.stop_at_once()?;
        outcome.faults += 1;
        load.pause(Duration::from_secs(1)).await;
        scene.cluster.postgres.start_again()?;
        heal(&scene, &mut outcome).await?;
        load.pause(Duration::from_secs(2)).await;
        scene.cluster.postgres.ask(BACKENDS)?;
        outcome.faults += 1;
        heal(&scene, &mut outcome).await?;
        rounds += 1;
    }
    let ran = load.finish().await?;
    outcome.figures.push(format!(
        "{} calls, {} of them made again",
        ran.history.len(),
        ran.repeats()
    ));
    let worst = outcome.worst_recovery.unwrap_or_default();
    outcome.must(
        worst <= HEALED,
        format!("healed after {worst:?}, not within {HEALED:?}"),
    );
    outcome.tell_failures(&ran, |_| false);
    outcome.verdict = scene.judge(&ran).await?;
    scene.close(&mut outcome).await?;
    Ok(outcome)
}

async fn heal(scene: &Scene, outcome: &mut Outcome) -> anyhow::Result<()> {
    for part in [Part::Orders, Part::PluginRegistry, Part::Returns] {
        let healed = trial::recovery(part.name(), async || probe(scene, part).await).await?;
        outcome.recovered(healed);
    }
    Ok(())
}
