//! A decision that breaks a rule is a fault that names the field and the rule.

use postlude_plugin_host::{FaultCode, RunResult, Verdict};

use crate::world::{World, fault};

#[tokio::test]
async fn broken_rules_are_faults_that_name_field_and_rule() {
    let world = World::new();
    for (behaviour, field, rule) in [
        ("negative-fee", "lines[0].restocking_fee", "below zero"),
        (
            "fee-above-paid",
            "lines[0].restocking_fee",
            "11900 was paid",
        ),
        ("wrong-currency", "lines[0].restocking_fee", "`XTS`"),
        ("wrong-line", "lines[0].line_id", "`another`"),
        ("no-reason", "reasons", "is empty"),
        ("stricter-than-promised", "lines[0].outcome", "30 days"),
    ] {
        world.bind(behaviour);
        let answer = world.decide().await;
        let (code, message) = fault(&answer);
        assert_eq!(code, FaultCode::DecisionInvalid, "{behaviour}: {message}");
        assert!(
            message.contains(field) && message.contains(rule),
            "{behaviour}: {message}"
        );
        let run = answer.run.expect("a run");
        assert_eq!(run.result, RunResult::Fault);
        assert!(!run.output.is_empty(), "what it said is kept: {behaviour}");
    }
}

#[tokio::test]
async fn a_plugins_own_error_is_an_answer_and_no_fault() {
    let world = World::new();
    world.bind("plugin-error");
    let answer = world.decide().await;
    assert!(
        matches!(&answer.verdict, Verdict::Declined(error) if error.code == "NOT_TODAY"),
        "{:?}",
        answer.verdict
    );
    assert_eq!(answer.run.expect("a run").result, RunResult::PluginError);
}
