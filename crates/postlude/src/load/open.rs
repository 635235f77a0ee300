//! An open loop: calls are due at a rate, however slow the platform is.

use std::{sync::Arc, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Progress, Run,
    call::{self, Due},
    plan::Kind,
};
use crate::cli::client::is_away;

/// Makes the plan's calls; how long it measured, and how many calls were due and not made.
pub(super) async fn run(
    run: &Arc<Run>,
    rate: u32,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> anyhow::Result<(Duration, u64)> {
    prepare(run, stop).await?;
    let mut random = StdRng::seed_from_u64(run.plan.seed);
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let mut skipped = 0;
    let all = run.plan.warm_up + run.plan.duration;
    progress.begin("seconds", all.as_secs());
    let began = Instant::now();
    let measure_from = began + run.plan.warm_up;
    for number in 0_u64.. {
        let offset = at(number, rate);
        if offset >= all {
            break;
        }
        let due = began + offset;
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = stop.cancelled() => break,
        }
        while let Some(ended) = tasks.try_join_next() {
            ended??;
        }
        progress.at(offset.as_secs());
        let due = Due {
            at: due,
            measured: due >= measure_from,
        };
        if tasks.len() >= run.plan.most_in_flight {
            skipped += u64::from(due.measured);
            continue;
        }
        let kind = run.plan.mix.pick(random.random());
        let drawn = random.random();
        tasks.spawn(one(Arc::clone(run), kind, drawn, due));
    }
    let elapsed = measure_from.elapsed();
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok((elapsed, skipped))
}

/// Makes returns that the first reads can look at: without them every read would be a write.
async fn prepare(run: &Arc<Run>, stop: &CancellationToken) -> anyhow::Result<()> {
    while run.plan.mix.reads() && run.lives.known(0).is_none() && !stop.is_cancelled() {
        let mut life = run.lives.take();
        let Some(step) = life.next else {
            continue;
        };
        let due = Due {
            measured: false,
            ..Due::now()
        };
        match call::step(run, &mut life, step, due).await? {
            Ok(()) => run.lives.put(life),
            Err(status) if is_away(&status) => run.lives.put(life),
            Err(status) => anyhow::bail!("{} was refused: {}", step.method(), status.message()),
        }
    }
    Ok(())
}

/// When call `number` is due, after the begin.
fn at(number: u64, rate: u32) -> Duration {
    let micros = number.saturating_mul(1_000_000) / u64::from(rate.max(1));
    Duration::from_micros(micros)
}

async fn one(run: Arc<Run>, kind: Kind, drawn: u64, due: Due) -> anyhow::Result<()> {
    if kind != Kind::Life
        && let Some(known) = run.lives.known(drawn)
    {
        return call::read(&run, kind, known, due).await;
    }
    let mut life = run.lives.take();
    let Some(step) = life.next else {
        return Ok(());
    };
    match call::step(&run, &mut life, step, due).await? {
        Ok(()) => run.lives.put(life),
        // What became of it isn't known: the same call is made again later, under the same id.
        Err(status) if is_away(&status) => run.lives.put(life),
        // Refused for good; the tally says so.
        Err(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::at;

    #[test]
    fn calls_are_due_evenly() {
        let due: Vec<_> = (0..4).map(|number| at(number, 4)).collect();
        let expected = [0, 250, 500, 750].map(Duration::from_millis);
        assert_eq!(due, expected);
    }
}
