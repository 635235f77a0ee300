//! The hook `notification-policy`: the typed call, the checks of the answer, and replay, with the
//! plugin that ships and with one that breaks each rule.

use std::sync::Arc;

use postlude_kernel::{Currency, Money, Timestamp};
use postlude_plugin_host::{
    Answer, Bound, FaultAction, FaultCode, Settled,
    notification_policy::{
        Action, Channel, ChannelState, Consent, Counts, Decision, Facts, Message, Preference,
        Priority, Purpose, Recent, Recipient, Subject, Suppression,
    },
};

use crate::world::{NOW, World, answered, binding, context, fault, tenant};

const MISBEHAVES: &str = "fixtures/misbehaves-notification-policy";
const DEFAULTS: &str = include_str!("../../../../plugins/quiet-mailer/config.default.json");

fn state(channel: Channel) -> ChannelState {
    ChannelState {
        channel,
        reachable: true,
        consent: Consent::Granted,
        preference: Preference::Unset,
        suppression: Suppression::None,
    }
}

fn facts(purpose: Purpose) -> Facts {
    Facts {
        message: Message {
            journey: "delivered".to_owned(),
            purpose,
            event_type: "postlude.events.orders.shipment-delivered.v1".to_owned(),
            subjects: vec![Subject {
                kind: "order".to_owned(),
                id: "A-1001".to_owned(),
            }],
            variables_json: r#"{"headline":"It is here!"}"#.to_owned(),
            due: Timestamp::parse(NOW).unwrap(),
            expires: None,
            order_value: Some(Money::new(Currency::parse("EUR").unwrap(), 4_900)),
        },
        recipient: Recipient {
            locale: "de-AT".to_owned(),
            channels: [Channel::Email, Channel::Sms, Channel::Push, Channel::InApp]
                .map(state)
                .into(),
            recent: Recent::default(),
        },
    }
}

async fn decide(world: &World, facts: &Facts) -> Answer<Decision> {
    world
        .host
        .notification_policy_decide(&world.bindings, &tenant(), &context(), facts)
        .await
}

fn quiet() -> World {
    let world = World::new();
    world
        .bindings
        .replace([world.bound(&tenant(), "quiet-mailer", "quiet-mailer", DEFAULTS)]);
    world
}

fn bind(world: &World, behaviour: &str) {
    let config = format!("{{\"behaviour\": \"{behaviour}\"}}");
    world
        .bindings
        .replace([world.bound(&tenant(), MISBEHAVES, behaviour, &config)]);
}

#[tokio::test]
async fn what_the_customer_waits_for_is_sent_calmly() {
    let world = quiet();
    let decision = answered(decide(&world, &facts(Purpose::Transactional)).await);
    let Action::Send(dispatch) = &decision.action else {
        panic!("{decision:?}");
    };
    assert_eq!(
        dispatch.channels,
        [Channel::Email, Channel::InApp, Channel::Push]
    );
    assert_eq!(dispatch.priority, Priority::Normal);
    assert_eq!(dispatch.overrides[0].name, "headline");
    assert_eq!(dispatch.overrides[0].text, "It is here.");
    assert!(!decision.reasons.is_empty());
}

#[tokio::test]
async fn marketing_above_a_cap_is_held() {
    let world = quiet();
    let mut facts = facts(Purpose::Marketing);
    facts.recipient.recent.day = Counts {
        transactional: 5,
        marketing: 1,
    };
    let decision = answered(decide(&world, &facts).await);
    let tomorrow = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
    assert_eq!(decision.action, Action::HoldUntil(tomorrow));
    assert_eq!(decision.reasons[0].code, "CAP_REACHED");
}

#[tokio::test]
async fn broken_rules_are_faults_that_name_field_and_rule() {
    let world = World::new();
    bind(&world, "send-politely");
    answered(decide(&world, &facts(Purpose::Marketing)).await);
    for (behaviour, field, rule) in [
        ("send-everywhere", "send.channels[4]", "doesn't have"),
        ("send-nowhere", "send.channels", "is empty"),
        ("send-twice", "send.channels[4]", "`email` once more"),
        ("send-no-reason", "reasons", "is empty"),
        (
            "send-odd-variant",
            "send.template_variant",
            "a-z, 0-9 and -",
        ),
        (
            "send-odd-override",
            "send.overrides[0].name",
            "a-z, 0-9 and _",
        ),
        ("send-long-override", "send.overrides[0].text", "2048 bytes"),
        (
            "send-override-twice",
            "send.overrides[1].name",
            "`greeting`",
        ),
        ("send-many-overrides", "send.overrides", "32 at most"),
        ("hold-until-yesterday", "hold_until", "it is"),
        ("hold-for-a-year", "hold_until", "at most"),
    ] {
        bind(&world, behaviour);
        let answer = decide(&world, &facts(Purpose::Transactional)).await;
        let (code, message) = fault(&answer);
        assert_eq!(code, FaultCode::DecisionInvalid, "{behaviour}: {message}");
        assert!(
            message.contains(field) && message.contains(rule),
            "{behaviour}: {message}"
        );
        assert!(!answer.run.expect("a run").output.is_empty(), "{behaviour}");
    }
}

#[tokio::test]
async fn no_plugin_sends_where_a_message_may_not_go() {
    let world = World::new();
    bind(&world, "send-everywhere");
    let everywhere = |purpose, change: fn(&mut ChannelState)| {
        let mut facts = facts(purpose);
        facts.recipient.channels.push(state(Channel::Webhook));
        change(&mut facts.recipient.channels[1]);
        facts
    };
    let unchanged = everywhere(Purpose::Marketing, |_| {});
    answered(decide(&world, &unchanged).await);
    type Change = fn(&mut ChannelState);
    let cases: [(Change, bool, &str); 6] = [
        (|sms| sms.reachable = false, true, "can't be reached"),
        (
            |sms| sms.suppression = Suppression::HardBounced,
            true,
            "`sms`",
        ),
        (
            |sms| sms.suppression = Suppression::Unsubscribed,
            false,
            "marketing",
        ),
        (
            |sms| sms.suppression = Suppression::Complained,
            false,
            "marketing",
        ),
        (|sms| sms.consent = Consent::Unknown, false, "marketing"),
        (
            |sms| sms.preference = Preference::OptedOut,
            false,
            "marketing",
        ),
    ];
    for (change, always, says) in cases {
        let (code, message) = fault(&decide(&world, &everywhere(Purpose::Marketing, change)).await);
        assert_eq!(code, FaultCode::DecisionInvalid, "{message}");
        assert!(
            message.contains("send.channels[1]") && message.contains(says),
            "{message}"
        );
        // Consent and a complaint stop marketing alone.
        let transactional = decide(&world, &everywhere(Purpose::Transactional, change)).await;
        if always {
            assert_eq!(fault(&transactional).0, FaultCode::DecisionInvalid);
        } else {
            answered(transactional);
        }
    }
}

#[tokio::test]
async fn a_replay_gives_the_same_bytes() {
    let world = quiet();
    let component = world.component("quiet-mailer");
    let answer = decide(&world, &facts(Purpose::Transactional)).await;
    let kept = answer.runs().remove(0);
    assert_eq!(
        (kept.hook.as_str(), kept.function.as_str()),
        ("notification-policy", "decide")
    );
    let record = answer.run.expect("a run");
    let replay = world.host.replay(&record, &component).await.unwrap();
    assert!(replay.identical && replay.same_engine);
    assert_eq!((&replay.output, replay.fuel), (&record.output, record.fuel));
    let bytes = crate::world::component_bytes("quiet-mailer");
    let replay = world
        .host
        .replay_kept(&tenant(), &kept, bytes)
        .await
        .unwrap();
    assert!(replay.identical);

    let component = world.component(MISBEHAVES);
    for behaviour in ["send-trap", "send-error", "send-nowhere", "hold-for-a-year"] {
        bind(&world, behaviour);
        let record = decide(&world, &facts(Purpose::Marketing))
            .await
            .run
            .unwrap();
        let replay = world.host.replay(&record, &component).await.unwrap();
        assert!(replay.identical, "{behaviour}: {replay:?}");
    }
}

#[tokio::test]
async fn the_built_in_answer_stands_in_where_the_binding_says_so_and_says_why() {
    let world = World::new();
    let component = world.component(MISBEHAVES);
    let config = r#"{"behaviour": "send-trap"}"#;
    let mut binding = binding(&tenant(), "send-trap", component.digest(), config);
    binding.fault_action = FaultAction::Default;
    world
        .bindings
        .replace([Arc::new(Bound::new(binding, component))]);
    let answer = decide(&world, &facts(Purpose::Marketing)).await;
    assert_eq!(answer.runs()[0].action, "default");
    let settled = answer.settle().unwrap();
    let Settled::BuiltIn(said) = settled else {
        panic!("{settled:?}");
    };
    assert_eq!(said.decision.plugin_id, "built-in");
    assert_eq!(said.because.unwrap().code, "TRAP");
}
