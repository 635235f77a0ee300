//! The policy as plain Rust: what is sent, held and suppressed, with settings of all kinds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use postlude_plugin_sdk::notification_policy::{
    Action, CallContext, Channel, ChannelState, Consent, Counts, Decision, Dispatch, Facts,
    Message, Money, Preference, Priority, Purpose, Recent, Recipient, Subject, Suppression,
};
use quiet_mailer::{
    decide::{DAY_MICROS, decide},
    settings::Settings,
};

const NOW: i64 = 1_793_500_000_000_000;
const SHIPPED: &str = include_str!("../config.default.json");

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
    let none = Counts {
        transactional: 0,
        marketing: 0,
    };
    Facts {
        message: Message {
            journey: "delivered".to_owned(),
            purpose,
            event_type: "shipment-delivered".to_owned(),
            subjects: vec![Subject {
                kind: "order".to_owned(),
                id: "A-1".to_owned(),
            }],
            variables_json: "{}".to_owned(),
            due_micros: NOW,
            expires_micros: None,
            order_value: Some(Money::new("EUR", 4_900)),
        },
        recipient: Recipient {
            locale: "de-AT".to_owned(),
            channels: [Channel::Push, Channel::Email, Channel::Sms, Channel::InApp]
                .map(state)
                .into(),
            recent: Recent {
                day: none,
                week: none,
                month: none,
            },
        },
    }
}

fn with(facts: &Facts, settings: &str) -> Decision {
    let context = CallContext {
        now_micros: NOW,
        seed: 1,
        locale: "en".to_owned(),
        utc_offset_minutes: 60,
    };
    decide(&context, facts, &Settings::parse(settings).unwrap())
}

fn sent(decision: &Decision) -> &Dispatch {
    let Action::Send(dispatch) = &decision.action else {
        panic!("{decision:?}");
    };
    dispatch
}

fn code(decision: &Decision) -> &str {
    &decision.reasons.first().unwrap().code
}

#[test]
fn what_the_customer_waits_for_goes_out_by_itself_and_the_rest_in_a_digest() {
    let decision = with(&facts(Purpose::Transactional), SHIPPED);
    // No text message for 49 euros.
    assert_eq!(
        sent(&decision).channels,
        [Channel::Email, Channel::InApp, Channel::Push]
    );
    assert_eq!(sent(&decision).priority, Priority::Normal);
    let decision = with(&facts(Purpose::Marketing), SHIPPED);
    assert_eq!(sent(&decision).channels, [Channel::Email, Channel::InApp]);
    assert_eq!(sent(&decision).priority, Priority::Digest);
}

#[test]
fn a_dear_order_is_worth_a_text_message() {
    let mut facts = facts(Purpose::Transactional);
    facts.message.order_value = Some(Money::new("EUR", 15_000));
    assert!(
        sent(&with(&facts, SHIPPED))
            .channels
            .contains(&Channel::Sms)
    );
    for unknown in [None, Some(Money::new("SEK", 1_000_000))] {
        facts.message.order_value = unknown;
        assert!(
            !sent(&with(&facts, SHIPPED))
                .channels
                .contains(&Channel::Sms)
        );
    }
}

#[test]
fn channels_that_the_customer_wants_come_first_and_others_never() {
    let mut facts = facts(Purpose::Transactional);
    for state in &mut facts.recipient.channels {
        match state.channel {
            Channel::Push => state.preference = Preference::OptedIn,
            Channel::Email => state.preference = Preference::OptedOut,
            Channel::Sms | Channel::InApp | Channel::Webhook => {}
        }
    }
    assert_eq!(
        sent(&with(&facts, SHIPPED)).channels,
        [Channel::Push, Channel::InApp]
    );
    let shop_first = r#"{"customer_first": false}"#;
    assert_eq!(
        sent(&with(&facts, shop_first)).channels,
        [Channel::InApp, Channel::Push, Channel::Sms]
    );
}

#[test]
fn marketing_goes_only_where_it_may() {
    let mut facts = facts(Purpose::Marketing);
    for state in &mut facts.recipient.channels {
        match state.channel {
            Channel::Email => state.consent = Consent::Unknown,
            Channel::InApp => state.suppression = Suppression::Unsubscribed,
            Channel::Push | Channel::Sms | Channel::Webhook => {}
        }
    }
    let decision = with(&facts, SHIPPED);
    assert_eq!(decision.action, Action::Suppress);
    assert_eq!(code(&decision), "NO_CHANNEL");
}

#[test]
fn a_journey_has_its_own_channels_hurry_and_template_or_none() {
    let settings = r#"{
        "journeys": {"delivered": {"channels": ["sms"], "priority": "immediate", "template_variant": "short"}},
        "suppressed_journeys": ["birthday"]
    }"#;
    let mut facts = facts(Purpose::Transactional);
    let decision = with(&facts, settings);
    assert_eq!(code(&decision), "JOURNEY_CHANNELS");
    let dispatch = sent(&decision);
    assert_eq!(dispatch.channels, [Channel::Sms]);
    assert_eq!(dispatch.priority, Priority::Immediate);
    assert_eq!(dispatch.template_variant.as_deref(), Some("short"));
    facts.message.journey = "birthday".to_owned();
    let decision = with(&facts, settings);
    assert_eq!(decision.action, Action::Suppress);
    assert_eq!(code(&decision), "JOURNEY_SUPPRESSED");
}

#[test]
fn marketing_above_a_cap_waits_a_day_and_in_the_end_is_not_sent() {
    let mut facts = facts(Purpose::Marketing);
    facts.recipient.recent.day.marketing = 1;
    let decision = with(&facts, SHIPPED);
    assert_eq!(decision.action, Action::HoldUntil(NOW + DAY_MICROS));
    assert_eq!(code(&decision), "CAP_REACHED");
    facts.message.expires_micros = Some(NOW + DAY_MICROS);
    assert_eq!(with(&facts, SHIPPED).action, Action::Suppress);
    facts.message.expires_micros = None;
    facts.message.due_micros = NOW - 3 * DAY_MICROS;
    assert_eq!(with(&facts, SHIPPED).action, Action::Suppress);
    facts.message.purpose = Purpose::Transactional;
    sent(&with(&facts, SHIPPED));
}

#[test]
fn words_are_the_shops_own_for_the_language_and_calm() {
    let mut facts = facts(Purpose::Transactional);
    facts.message.variables_json =
        r#"{"headline": "It is here!!!", "greeting": "Hey!", "count": 2, "Odd Name": "!"}"#
            .to_owned();
    let settings = r#"{"wording": {"de": {"greeting": "Guten Tag"}}}"#;
    let decision = with(&facts, settings);
    let texts: Vec<(&str, &str)> = sent(&decision)
        .overrides
        .iter()
        .map(|text| (text.name.as_str(), text.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [("greeting", "Guten Tag"), ("headline", "It is here.")]
    );
    assert!(
        sent(&with(&facts, r#"{"calm": false}"#))
            .overrides
            .is_empty()
    );
}
