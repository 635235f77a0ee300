//! The policy as plain Rust: what it promises and what it decides, with settings of all kinds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use postlude_plugin_sdk::return_policy::{
    BuyerKind, CallContext, Channel, CustomerHistory, Decision, Facts, Fulfilment, Money, Order,
    OrderLine, OrderTerms, Outcome, RequestLine, RestockingFee, ReturnMethod, ReturnReason,
    WithdrawalExemption,
};
use standard_returns::{calendar::DAY_MICROS, decide::decide, settings::Settings, terms};

/// Monday the 2nd of November 2026, noon.
const DELIVERED: i64 = 20_759 * DAY_MICROS + DAY_MICROS / 2;

fn settings(text: &str) -> Settings {
    Settings::parse(text).unwrap()
}

fn order(category: &str) -> Order {
    Order {
        order_id: "A-1".to_owned(),
        currency_code: "EUR".to_owned(),
        country_code: "DE".to_owned(),
        buyer_kind: BuyerKind::Consumer,
        channel: Channel::Online,
        fulfilment: Fulfilment::Ship,
        tax_included: true,
        shipping_minor: 490,
        placed_micros: DELIVERED - 3 * DAY_MICROS,
        lines: vec![OrderLine {
            line_id: "1".to_owned(),
            sku: "S".to_owned(),
            category: category.to_owned(),
            quantity: 3,
            net_minor: 3_000,
            tax_minor: 0,
            final_sale: false,
            gift: false,
            warranty_months: 0,
            withdrawal_exemption: WithdrawalExemption::None,
        }],
    }
}

fn facts(category: &str, reason: ReturnReason) -> Facts {
    Facts {
        order: order(category),
        request: vec![RequestLine {
            line_id: "1".to_owned(),
            quantity: 1,
            reason,
            unsealed: false,
            delivered_micros: Some(DELIVERED),
            shipped_micros: None,
            delivered_quantity: 3,
            returned_quantity: 0,
            paid_minor: 1_000,
        }],
        method: ReturnMethod::Mail,
        last_delivered_micros: Some(DELIVERED),
        captured_minor: 3_490,
        refunded_minor: 0,
        customer: CustomerHistory {
            order_count: 1,
            return_count: 0,
            refunded_minor: 0,
        },
    }
}

fn on_day(day: i64) -> CallContext {
    CallContext {
        now_micros: DELIVERED + day * DAY_MICROS,
        seed: 1,
        locale: "en".to_owned(),
        utc_offset_minutes: 0,
    }
}

fn decided(facts: &Facts, day: i64, promised: &Settings, today: &Settings) -> Decision {
    let terms: OrderTerms = terms::of(&facts.order, promised);
    decide(&on_day(day), facts, &terms, today)
}

#[test]
fn every_answer_has_a_reason() {
    let settings = settings(include_str!("../config.default.json"));
    for reason in [
        ReturnReason::ChangedMind,
        ReturnReason::WrongSize,
        ReturnReason::NotAsDescribed,
        ReturnReason::Defective,
        ReturnReason::Damaged,
        ReturnReason::WrongItem,
        ReturnReason::LateDelivery,
        ReturnReason::Withdrawal,
    ] {
        for day in [0, 14, 15, 29, 31, 400, 2_000] {
            let decision = decided(&facts("electronics", reason), day, &settings, &settings);
            let line = &decision.lines[0];
            assert!(!decision.reasons.is_empty() && !line.reasons.is_empty());
            let fees = line.restocking_fee.amount_minor + line.return_shipping_fee.amount_minor;
            assert!(
                (0..=1_000).contains(&fees),
                "{reason:?} on day {day}: {fees}"
            );
            assert!(fees == 0 || !reason.is_merchants_fault());
        }
    }
}

#[test]
fn later_settings_are_kinder_and_never_stricter() {
    let promised = settings(
        r#"{"window_days": 20, "restocking_basis_points": 1000, "return_shipping_fee": {"EUR": 300}}"#,
    );
    let wanted = facts("x", ReturnReason::ChangedMind);
    for (today, restocking, way_back) in [
        (
            r#"{"restocking_basis_points": 5000, "return_shipping_fee": {"EUR": 900}}"#,
            100,
            300,
        ),
        (
            r#"{"restocking_basis_points": 500, "return_shipping_fee": {"EUR": 100}}"#,
            50,
            100,
        ),
        ("{}", 0, 0),
    ] {
        let decision = decided(&wanted, 20, &promised, &settings(today));
        let line = &decision.lines[0];
        assert_eq!(line.outcome, Outcome::Approve);
        assert_eq!(line.restocking_fee.amount_minor, restocking, "{today}");
        assert_eq!(line.return_shipping_fee.amount_minor, way_back, "{today}");
    }
    let shorter = settings(r#"{"window_days": 5}"#);
    let decision = decided(&wanted, 20, &promised, &shorter);
    assert_eq!(decision.lines[0].outcome, Outcome::Approve);
}

#[test]
fn a_fee_per_unit_that_was_promised_by_another_policy_is_kept() {
    let wanted = facts("x", ReturnReason::ChangedMind);
    let settings = settings("{}");
    let mut terms = terms::of(&wanted.order, &settings);
    terms.lines[0].restocking_fee = RestockingFee::PerUnit(Money::new("EUR", 250));
    let decision = decide(&on_day(1), &wanted, &terms, &settings);
    assert_eq!(decision.lines[0].restocking_fee.amount_minor, 250);
}

#[test]
fn a_change_of_mind_counts_as_a_withdrawal_where_the_shop_says_so() {
    let generous = settings(
        r#"{"restocking_basis_points": 1000, "statutory_withdrawal": {"countries": ["DE"], "includes_change_of_mind": true, "charge_return_shipping": false}}"#,
    );
    let decision = decided(
        &facts("x", ReturnReason::ChangedMind),
        14,
        &generous,
        &generous,
    );
    let line = &decision.lines[0];
    assert!(line.statutory_withdrawal && line.refund_shipping);
    assert_eq!(line.restocking_fee.amount_minor, 0);
    assert_eq!(line.return_shipping_fee.amount_minor, 0);
}

#[test]
fn a_holiday_moves_the_end_of_the_withdrawal() {
    // The fourteenth day is Monday the 16th.
    let plain = settings(r#"{"statutory_withdrawal": {"countries": ["DE"]}}"#);
    let holiday = settings(
        r#"{"statutory_withdrawal": {"countries": ["DE"], "holidays": {"DE": ["2026-11-16"], "FR": ["2026-11-17"]}}}"#,
    );
    let wanted = facts("x", ReturnReason::Withdrawal);
    assert!(decided(&wanted, 14, &plain, &plain).lines[0].statutory_withdrawal);
    assert!(!decided(&wanted, 15, &plain, &plain).lines[0].statutory_withdrawal);
    assert!(decided(&wanted, 15, &holiday, &holiday).lines[0].statutory_withdrawal);
    assert!(!decided(&wanted, 16, &holiday, &holiday).lines[0].statutory_withdrawal);
}

#[test]
fn the_period_has_not_begun_while_goods_are_missing() {
    let settings = settings(r#"{"statutory_withdrawal": {"countries": ["DE"]}}"#);
    let mut wanted = facts("x", ReturnReason::Withdrawal);
    wanted.last_delivered_micros = None;
    assert!(decided(&wanted, 100, &settings, &settings).lines[0].statutory_withdrawal);
}

#[test]
fn goods_of_which_no_delivery_is_known_are_looked_at_by_a_person() {
    let settings = settings("{}");
    let mut wanted = facts("x", ReturnReason::ChangedMind);
    wanted.request[0].delivered_quantity = 0;
    wanted.request[0].delivered_micros = None;
    let decision = decided(&wanted, 1, &settings, &settings);
    assert_eq!(decision.lines[0].outcome, Outcome::Review);
    assert_eq!(decision.lines[0].reasons[0].code, "NOT_DELIVERED");
}

#[test]
fn a_withdrawal_in_time_is_not_held_up_by_a_review() {
    let settings =
        settings(r#"{"review_above": {"EUR": 1}, "statutory_withdrawal": {"countries": ["DE"]}}"#);
    for (reason, outcome) in [
        (ReturnReason::Withdrawal, Outcome::Approve),
        (ReturnReason::ChangedMind, Outcome::Review),
        (ReturnReason::Defective, Outcome::Review),
    ] {
        let decision = decided(&facts("x", reason), 3, &settings, &settings);
        assert_eq!(decision.lines[0].outcome, outcome, "{reason:?}");
    }
}
