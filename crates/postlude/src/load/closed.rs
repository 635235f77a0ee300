//! A closed loop: clients that each take one return after the other through its life.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::{
    Progress, Run,
    call::{self, Due},
    life::Step,
};

/// Workers that prepare orders.
const WORKERS: usize = 16;
/// How long returns may take to hear of the last delivery.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// Under this name whole lives are counted, from the creation to the refund's request.
const LIFE: &str = "whole life";

/// Prepares the plan's orders and makes its calls; how long the calls took.
pub(super) async fn run(
    run: &Arc<Run>,
    clients: u32,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> anyhow::Result<(Duration, u64)> {
    prepare(run, progress, stop).await?;
    progress.begin("lives", u64::try_from(run.lives.waiting())?);
    let began = Instant::now();
    let until = began + run.plan.duration;
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    for _ in 0..clients {
        let (run, stop) = (Arc::clone(run), stop.clone());
        tasks.spawn(async move {
            while Instant::now() < until && !stop.is_cancelled() {
                if !live(&run).await? {
                    break;
                }
            }
            Ok(())
        });
    }
    let total = run.plan.lives;
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(ended) => ended??,
                None => break,
            },
            () = tokio::time::sleep(PAUSE) => {
                let left = u64::try_from(run.lives.waiting())?;
                progress.at(total.saturating_sub(left));
            }
        }
    }
    Ok((began.elapsed(), 0))
}

/// Takes one prepared life to its end; false if there is none.
async fn live(run: &Arc<Run>) -> anyhow::Result<bool> {
    let Some(mut life) = run.lives.prepared() else {
        return Ok(false);
    };
    let began = Due::now();
    while let Some(step) = life.next {
        if let Err(status) = call::step(run, &mut life, step, Due::now()).await? {
            let reason = crate::cli::client::reason(&status);
            run.tally
                .add(LIFE, began.at.elapsed(), 1, status.code(), &reason);
            return Ok(true);
        }
    }
    run.tally.add(LIFE, began.at.elapsed(), 1, Code::Ok, "");
    run.lives.put(life);
    Ok(true)
}

/// Orders that were bought, paid, shipped and delivered, and that returns knows of.
async fn prepare(
    run: &Arc<Run>,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    progress.begin("orders", run.plan.lives);
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let mut last = None;
    for number in 0..run.plan.lives {
        if stop.is_cancelled() {
            break;
        }
        if tasks.len() >= WORKERS
            && let Some(ended) = tasks.join_next().await
        {
            ended??;
        }
        progress.at(number);
        let life = run.lives.begin();
        last = Some(life.clone());
        let run = Arc::clone(run);
        tasks.spawn(async move {
            let mut life = life;
            while let Some(step) = life.next.filter(|step| *step < Step::Create) {
                let due = Due {
                    at: Instant::now(),
                    measured: false,
                };
                call::step(&run, &mut life, step, due)
                    .await?
                    .map_err(|status| anyhow!(status))
                    .with_context(|| format!("{} of {}", step.method(), life.order_id))?;
            }
            run.lives.put(life);
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let Some(last) = last else { return Ok(()) };
    let until = Instant::now() + PATIENCE;
    while !run.caller.knows_of(&last).await? {
        if Instant::now() > until {
            return Err(anyhow!(
                "returns hasn't heard of the last delivery after {} s",
                PATIENCE.as_secs()
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
