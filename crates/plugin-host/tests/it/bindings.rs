//! What a tenant has, what is done without, and how a failing plugin is taken out of the way.

use std::{sync::Arc, time::Duration};

use postlude_kernel::TenantId;
use postlude_plugin_host::{
    Answer, Bindings, Bound, FaultAction, FaultCode, RunAction, Verdict, return_policy::Decision,
};
use tokio::task::JoinSet;

use crate::{
    standard_returns::DEFAULTS,
    world::{World, answered, binding, context, facts, fault, tenant, terms},
};

#[tokio::test]
async fn without_a_snapshot_nothing_is_assumed() {
    let world = World::new();
    let answer = world.decide().await;
    assert!(matches!(answer.verdict, Verdict::NoSnapshot));
    assert!(answer.run.is_none() && answer.binding.is_none());
    world.bindings.replace([]);
    assert!(matches!(world.decide().await.verdict, Verdict::NoPlugin));
}

#[tokio::test]
async fn a_tenants_plugin_is_its_own() {
    let world = World::new();
    world.bind("polite");
    let answer = world.decide().await;
    let run = answer.run.clone().expect("a run");
    assert_eq!(run.plugin_id, "polite");
    assert_eq!(run.subject, "A-1001");
    assert!(run.run_id.starts_with("run_"));
    assert_eq!(run.config_json, "{\"behaviour\": \"polite\"}");
    assert!(run.fuel > 0 && run.memory_bytes > 0 && run.contract_digest.starts_with("sha256:"));
    answered(answer);
    let other = TenantId::parse("other").unwrap();
    assert!(matches!(
        world.decide_for(&other).await.verdict,
        Verdict::NoPlugin
    ));
}

#[tokio::test]
async fn a_component_that_cannot_be_had_is_a_fault_and_never_the_built_in_answer() {
    let world = World::new();
    let lost = Bound::unavailable(
        binding(&tenant(), "lost", "sha256:0", "{}"),
        "not on this replica",
    );
    world.bindings.replace([Arc::new(lost)]);
    let (code, message) = fault(&world.decide().await);
    assert_eq!(code, FaultCode::ComponentUnavailable);
    assert_eq!(message, "not on this replica");
}

#[tokio::test]
async fn a_plugin_that_keeps_failing_is_left_alone_for_a_while() {
    let world = World::new();
    world.bind("trap");
    for _ in 0..20 {
        assert_eq!(fault(&world.decide().await).0, FaultCode::Trap);
    }
    let answer = world.decide().await;
    assert_eq!(fault(&answer).0, FaultCode::BreakerOpen);
    assert!(answer.run.is_none());
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(fault(&world.decide().await).0, FaultCode::Trap, "a probe");
    assert_eq!(fault(&world.decide().await).0, FaultCode::BreakerOpen);
}

#[tokio::test]
async fn what_answered_before_stands_in_for_what_fails() {
    let world = World::new();
    let bound = |behaviour: &str, generation| {
        let config = format!("{{\"behaviour\": \"{behaviour}\"}}");
        let component = world.component("fixtures/misbehaves");
        let mut binding = binding(&tenant(), behaviour, component.digest(), &config);
        binding.generation = generation;
        if generation == 2 {
            binding.fault_action = FaultAction::PreviousGeneration;
        }
        Bound::new(binding, component)
    };
    let both = |now: &str, before: &str| {
        let bound = bound(now, 2).or_else(Some(bound(before, 1)));
        world.bindings.replace([Arc::new(bound)]);
    };

    both("trap", "polite");
    let answer = world.decide().await;
    let failed = answer.failed.clone().expect("a failure");
    assert_eq!(
        (failed.binding.generation, failed.fault.code),
        (2, FaultCode::Trap)
    );
    let first = failed.run.expect("a run");
    assert_eq!(first.action, RunAction::PreviousGeneration);
    let run = answer.run.clone().expect("a run");
    assert_eq!((run.generation, run.action), (1, RunAction::Used));
    assert_eq!(run.input, first.input, "both saw the same bytes");
    answered(answer);

    both("trap", "endless-loop");
    let answer = world.decide().await;
    assert_eq!(fault(&answer).0, FaultCode::FuelExhausted);
    assert_eq!(answer.run.expect("a run").action, RunAction::ManualReview);

    // A plugin's own "no answer" is an answer.
    both("plugin-error", "polite");
    let answer = world.decide().await;
    assert!(matches!(answer.verdict, Verdict::Declined(_)) && answer.failed.is_none());
    assert_eq!(answer.run.expect("a run").action, RunAction::ManualReview);
}

#[tokio::test]
async fn a_swap_waits_for_nobody() {
    let world = World::new();
    world.bind("polite");
    let (first, ()) = tokio::join!(world.decide(), async { world.bind("plugin-error") });
    assert!(!matches!(
        first.verdict,
        Verdict::NoPlugin | Verdict::NoSnapshot
    ));
    assert!(matches!(world.decide().await.verdict, Verdict::Declined(_)));
}

/// Memory of this process in bytes; `None` where the system doesn't tell, or other tests share it.
fn resident() -> Option<u64> {
    std::env::var_os("NEXTEST")?;
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_during_swaps_are_neither_lost_nor_mixed() {
    const CALLS: usize = 10_000;
    const SWAPS: usize = 100;
    const AT_ONCE: usize = 32;
    let world = World::with(|config| config.queue = 4_096);
    let bounds = [
        world.misbehaving(&tenant(), "polite"),
        world.bound(&tenant(), "standard-returns", "standard-returns", DEFAULTS),
    ];
    let digests: Vec<String> = bounds
        .iter()
        .map(|bound| bound.binding.component_digest.clone())
        .collect();
    let bindings = Arc::new(Bindings::new());
    let mut calls = JoinSet::new();
    let (mut by_plugin, mut early) = ([0_usize; 2], None);
    let mut end = |answer: Answer<Decision>| {
        let run = answer.run.clone().expect("a run");
        let friendly = answered(answer).reasons[0].code == "FRIENDLY";
        let plugin = usize::from(run.plugin_id != "polite");
        assert_eq!(run.component_digest, digests[plugin]);
        assert_eq!(friendly, plugin == 0, "{}", run.plugin_id);
        by_plugin[plugin] += 1;
    };
    for call in 0..CALLS {
        if call % (CALLS / SWAPS) == 0 {
            bindings.replace([Arc::clone(&bounds[(call / (CALLS / SWAPS)) % 2])]);
        }
        if call == CALLS / 10 {
            early = resident();
        }
        if calls.len() == AT_ONCE {
            end(calls.join_next().await.unwrap().expect("no panic"));
        }
        let (host, bindings) = (world.host.clone(), Arc::clone(&bindings));
        calls.spawn(async move {
            host.return_policy_decide(&bindings, &tenant(), &context(), &facts(), &terms())
                .await
        });
    }
    while let Some(answer) = calls.join_next().await {
        end(answer.expect("no panic"));
    }
    assert_eq!(by_plugin.iter().sum::<usize>(), CALLS, "none lost");
    assert!(
        by_plugin.iter().all(|count| *count > CALLS / 3),
        "{by_plugin:?}"
    );
    if let (Some(early), Some(late)) = (early, resident()) {
        // A leak of one instance's memory a call would be a hundred times this.
        let grown = late.saturating_sub(early);
        assert!(grown < 16 << 20, "memory grew by {grown} bytes");
    }
}
