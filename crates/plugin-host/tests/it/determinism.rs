//! The same bytes in give the same bytes out, for the same fuel.

use std::collections::HashSet;

use postlude_plugin_host::{ReplayError, RunRecord};

use crate::world::{World, context, facts, tenant, terms};

const DEFAULTS: &str = include_str!("../../../../plugins/standard-returns/config.default.json");

fn standard(world: &World) {
    world.bindings.replace([world.bound(
        &tenant(),
        "standard-returns",
        "standard-returns",
        DEFAULTS,
    )]);
}

async fn run(world: &World) -> RunRecord {
    world
        .host
        .return_policy_decide(&world.bindings, &tenant(), &context(), &facts(), &terms())
        .await
        .run
        .expect("a run")
}

#[tokio::test]
async fn a_thousand_runs_give_the_same_output_and_fuel() {
    let world = World::new();
    standard(&world);
    let mut outcomes = HashSet::new();
    let mut micros = Vec::new();
    for _ in 0..1_000 {
        let run = run(&world).await;
        outcomes.insert((run.input, run.output, run.fuel, run.memory_bytes));
        micros.push(run.duration_micros);
    }
    assert_eq!(outcomes.len(), 1);
    micros.sort_unstable();
    println!(
        "call: median {} µs, p99 {} µs, fuel {}",
        micros[500],
        micros[990],
        outcomes.iter().next().map_or(0, |outcome| outcome.2)
    );
}

#[tokio::test]
async fn another_host_and_other_threads_give_the_same() {
    let first = World::new();
    standard(&first);
    let expected = run(&first).await;
    let second = World::with(|config| config.threads = 8);
    standard(&second);
    let runs = futures_join(&second, 64).await;
    assert!(
        runs.iter()
            .all(|run| (&run.output, run.fuel) == (&expected.output, expected.fuel))
    );
    assert_eq!(runs[0].engine_hash, expected.engine_hash);
}

async fn futures_join(world: &World, count: usize) -> Vec<RunRecord> {
    let mut runs = Vec::new();
    let bindings = std::sync::Arc::new(postlude_plugin_host::Bindings::new());
    bindings.replace(world.bindings.snapshot().expect("a snapshot"));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (host, bindings) = (world.host.clone(), std::sync::Arc::clone(&bindings));
        tasks.spawn(async move {
            host.return_policy_decide(&bindings, &tenant(), &context(), &facts(), &terms())
                .await
                .run
        });
    }
    while let Some(run) = tasks.join_next().await {
        runs.push(run.expect("no panic").expect("a run"));
    }
    runs
}

#[tokio::test]
async fn a_replay_gives_the_same_bytes() {
    let world = World::new();
    standard(&world);
    let record = run(&world).await;
    let component = world.component("standard-returns");
    let replay = world.host.replay(&record, &component).await.unwrap();
    assert!(replay.identical && replay.same_engine);
    assert_eq!(
        (replay.output, replay.fuel),
        (record.output.clone(), record.fuel)
    );

    let mut altered = record.clone();
    altered.output = b"something else".as_slice().into();
    assert!(
        !world
            .host
            .replay(&altered, &component)
            .await
            .unwrap()
            .identical
    );

    let other = world.component("fixtures/misbehaves");
    let error = world.host.replay(&record, &other).await.unwrap_err();
    assert!(
        matches!(error, ReplayError::WrongComponent { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn faults_are_replayed_too_unless_time_ended_them() {
    let world = World::new();
    let component = world.component("fixtures/misbehaves");
    for behaviour in [
        "trap",
        "endless-loop",
        "wrong-currency",
        "huge-text",
        "plugin-error",
    ] {
        world.bind(behaviour);
        let record = world.decide().await.run.expect("a run");
        let replay = world.host.replay(&record, &component).await.unwrap();
        assert!(replay.identical, "{behaviour}: {replay:?}");
        assert_eq!(replay.fuel, record.fuel, "{behaviour}");
    }
    let hasty = World::with(|config| {
        config.limits.fuel = u64::MAX / 2;
        config.limits.time = std::time::Duration::from_millis(20);
    });
    hasty.bind("endless-loop");
    let record = hasty.decide().await.run.expect("a run");
    let error = hasty.host.replay(&record, &component).await.unwrap_err();
    assert!(
        matches!(error, ReplayError::NotReplayable { .. }),
        "{error}"
    );
}
