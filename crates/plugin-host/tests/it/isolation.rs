//! Calls don't see each other, tenants don't wait for each other, and overload is shed.

use std::sync::Arc;

use postlude_kernel::TenantId;
use postlude_plugin_host::{Bindings, Host, Verdict};
use tokio::task::JoinSet;

use crate::world::{World, answered, context, facts, tenant, terms};

#[tokio::test]
async fn a_call_sees_nothing_of_the_one_before() {
    let world = World::with(|config| config.threads = 1);
    for (behaviour, text) in [
        ("counts-calls", "1 calls so far"),
        ("looks-for-dirt", "0 bytes found"),
    ] {
        world.bind(behaviour);
        for _ in 0..20 {
            let decision = answered(world.decide().await);
            assert_eq!(decision.reasons[0].text, text);
        }
    }
}

#[tokio::test]
async fn a_call_after_a_trap_sees_nothing_of_it() {
    let world = World::with(|config| config.threads = 1);
    for _ in 0..5 {
        world.bind("trap");
        world.decide().await;
        world.bind("looks-for-dirt");
        assert_eq!(
            answered(world.decide().await).reasons[0].text,
            "0 bytes found"
        );
    }
}

fn spawn(host: &Host, bindings: &Arc<Bindings>, tenant: &TenantId, calls: &mut JoinSet<bool>) {
    let (host, bindings, tenant) = (host.clone(), Arc::clone(bindings), tenant.clone());
    calls.spawn(async move {
        let answer = host
            .return_policy_decide(&bindings, &tenant, &context(), &facts(), &terms())
            .await;
        matches!(answer.verdict, Verdict::Overloaded)
    });
}

#[tokio::test]
async fn overload_is_shed_and_is_no_fault() {
    let world = World::with(|config| {
        config.threads = 1;
        config.queue = 4;
    });
    world.bind("endless-loop");
    let bindings = Arc::new(Bindings::new());
    bindings.replace(world.bindings.snapshot().expect("a snapshot"));
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        spawn(&world.host, &bindings, &tenant(), &mut calls);
    }
    let mut shed = 0;
    while let Some(overloaded) = calls.join_next().await {
        shed += usize::from(overloaded.expect("no panic"));
    }
    // One runs and two wait, which is the tenant's half of the queue.
    assert!((40..50).contains(&shed), "{shed}");
    world.bind("polite");
    answered(world.decide().await);
}

#[tokio::test]
async fn a_noisy_tenant_leaves_room_for_the_others() {
    let world = World::with(|config| {
        config.threads = 2;
        config.queue = 64;
    });
    let noisy = TenantId::parse("noisy").unwrap();
    let bindings = Arc::new(Bindings::new());
    bindings.replace([
        world.misbehaving(&noisy, "endless-loop"),
        world.misbehaving(&tenant(), "polite"),
    ]);
    let mut calls = JoinSet::new();
    for _ in 0..32 {
        spawn(&world.host, &bindings, &noisy, &mut calls);
    }
    tokio::task::yield_now().await;
    // All of these end while the noisy tenant's calls still wait for each other on its one thread.
    for _ in 0..5 {
        let answer = world
            .host
            .return_policy_decide(&bindings, &tenant(), &context(), &facts(), &terms())
            .await;
        answered(answer);
    }
    let mut ended = 0;
    while calls.try_join_next().is_some() {
        ended += 1;
    }
    assert!(ended < 32, "the quiet tenant waited for the noisy one");
}
