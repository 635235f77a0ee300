//! Each way to take too much is stopped, is called by its name, and leaves the next call untouched.

use std::time::Duration;

use postlude_plugin_host::{FaultCode, RunResult};

use crate::world::{World, answered, fault};

/// The fault of a behaviour; afterwards another plugin answers on the same host.
async fn stopped(world: &World, behaviour: &str) -> (FaultCode, String) {
    world.bind(behaviour);
    let answer = world.decide().await;
    let run = answer.run.as_ref().expect("a run");
    assert_eq!(run.result, RunResult::Fault);
    assert!(run.output.is_empty());
    assert!(!run.input.is_empty());
    assert_eq!(run.action.as_str(), "manual-review");
    let fault = fault(&answer);
    world.bind("polite");
    answered(world.decide().await);
    fault
}

#[tokio::test]
async fn an_endless_loop_ends_with_its_fuel() {
    let world = World::new();
    assert_eq!(
        stopped(&world, "endless-loop").await.0,
        FaultCode::FuelExhausted
    );
}

#[tokio::test]
async fn an_endless_copy_ends_with_its_fuel() {
    let world = World::new();
    assert_eq!(
        stopped(&world, "endless-copy").await.0,
        FaultCode::FuelExhausted
    );
}

#[tokio::test]
async fn what_has_fuel_left_ends_with_its_time() {
    let world = World::with(|config| {
        config.limits.fuel = u64::MAX / 2;
        config.limits.time = Duration::from_millis(50);
    });
    world.bind("endless-loop");
    assert_eq!(fault(&world.decide().await).0, FaultCode::TimeExhausted);
}

#[tokio::test]
async fn endless_allocation_ends_at_the_memory_limit() {
    let world = World::new();
    assert_eq!(
        stopped(&world, "endless-allocation").await.0,
        FaultCode::MemoryExhausted
    );
}

#[tokio::test]
async fn a_trap_says_where_it_happened() {
    let world = World::new();
    let (code, message) = stopped(&world, "trap").await;
    assert_eq!(code, FaultCode::Trap);
    assert!(
        message.contains("unreachable") && message.contains("wasm backtrace"),
        "{message}"
    );
}

#[tokio::test]
async fn deep_recursion_ends_at_the_stack_or_the_memory_under_it() {
    let world = World::new();
    let (code, message) = stopped(&world, "deep-recursion").await;
    assert!(
        matches!(code, FaultCode::StackExhausted | FaultCode::Trap),
        "{code}: {message}"
    );
}

#[tokio::test]
async fn an_answer_of_too_many_parts_is_refused() {
    let world = World::new();
    let (code, _) = stopped(&world, "huge-answer").await;
    assert!(
        matches!(code, FaultCode::OutputTooLarge | FaultCode::FuelExhausted),
        "{code}"
    );
}

#[tokio::test]
async fn an_answer_of_one_huge_text_is_refused() {
    let world = World::new();
    assert_eq!(
        stopped(&world, "huge-text").await.0,
        FaultCode::OutputTooLarge
    );
}

#[tokio::test]
async fn a_chatty_log_is_cut_and_made_harmless() {
    let world = World::new();
    world.bind("chatty-log");
    let answer = world.decide().await;
    let run = answer.run.clone().expect("a run");
    answered(answer);
    let bytes: usize = run.logs.iter().map(String::len).sum();
    assert!(bytes <= 4 << 10, "{bytes}");
    let text = run.logs.join("\n");
    assert!(text.contains("all is"), "{text}");
    assert!(
        !text.contains(['\u{1b}', '\u{7}', '\u{202e}']),
        "{}",
        text.escape_debug()
    );
}

#[tokio::test]
async fn facts_that_are_too_large_never_reach_the_plugin() {
    let world = World::with(|config| config.limits.input_bytes = 64);
    world.bind("polite");
    let answer = world.decide().await;
    assert_eq!(fault(&answer).0, FaultCode::InputTooLarge);
    let run = answer.run.expect("a run");
    assert_eq!((run.fuel, run.input.len()), (0, 0));
}
