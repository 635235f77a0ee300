//! What a tenant has, what is done without, and how a failing plugin is taken out of the way.

use std::{sync::Arc, time::Duration};

use postlude_kernel::TenantId;
use postlude_plugin_host::{Bindings, Bound, FaultCode, Verdict};
use tokio::task::JoinSet;

use crate::world::{World, answered, binding, context, facts, fault, tenant, terms};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_during_swaps_are_neither_lost_nor_mixed() {
    let world = World::with(|config| config.queue = 4_096);
    let bounds = [
        world.misbehaving(&tenant(), "polite"),
        world.misbehaving(&tenant(), "counts-calls"),
    ];
    let bindings = Arc::new(Bindings::new());
    bindings.replace([Arc::clone(&bounds[0])]);
    let mut calls = JoinSet::new();
    for call in 0..1_000 {
        if call % 10 == 0 {
            bindings.replace([Arc::clone(&bounds[(call / 10) % 2])]);
        }
        let (host, bindings) = (world.host.clone(), Arc::clone(&bindings));
        calls.spawn(async move {
            host.return_policy_decide(&bindings, &tenant(), &context(), &facts(), &terms())
                .await
        });
        tokio::task::yield_now().await;
    }
    let (mut polite, mut counting) = (0, 0);
    while let Some(answer) = calls.join_next().await {
        let answer = answer.expect("no panic");
        let plugin = answer.run.clone().expect("a run").plugin_id;
        let text = answered(answer).reasons[0].text.clone();
        match plugin.as_str() {
            "polite" => {
                assert_eq!(text, "Everything may come back.");
                polite += 1;
            }
            other => {
                assert_eq!((other, text.as_str()), ("counts-calls", "1 calls so far"));
                counting += 1;
            }
        }
    }
    assert_eq!(polite + counting, 1_000);
    assert!(polite > 0 && counting > 0, "{polite} {counting}");
}
