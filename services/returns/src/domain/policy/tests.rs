use super::*;
use crate::domain::{
    order::{Exemption, Shipment},
    terms::{
        built_in as built_in_terms,
        tests::{at, order},
    },
};

const ALLOWANCE: TransitAllowance = TransitAllowance { days: 10 };

fn delivered_order() -> Order {
    let mut order = order();
    order.shipments = vec![Shipment {
        lines: vec![("1".into(), 2)],
        shipped: at("2026-03-01T00:00:00Z"),
        delivered: Some(at("2026-03-03T09:00:00Z")),
        returning: false,
    }];
    order
}

fn request(quantity: u32, reason: ReturnReason) -> Request {
    Request {
        lines: vec![RequestedLine {
            line_id: "1".into(),
            quantity,
            reason,
            comment: String::new(),
            unsealed: false,
        }],
        method: Method::Mail,
        refund_method: RefundMethod::Original,
    }
}

fn ask(order: &Order, reason: ReturnReason, now: &str) -> (Outcome, Vec<String>, bool) {
    let terms = built_in_terms(order);
    let answer = built_in(order, &terms, &request(1, reason), ALLOWANCE, at(now));
    let line = answer.lines.first().cloned();
    line.map_or((Outcome::Declined, Vec::new(), false), |line| {
        (
            line.outcome,
            line.reasons.into_iter().map(|reason| reason.code).collect(),
            line.statutory_withdrawal,
        )
    })
}

#[test]
fn takes_a_change_of_mind_within_the_window_and_not_after() {
    let order = delivered_order();
    let (outcome, codes, _) = ask(&order, ReturnReason::ChangedMind, "2026-04-02T10:00:00Z");
    assert_eq!(outcome, Outcome::Approved);
    assert_eq!(codes, ["WITHIN_WINDOW"]);
    let (outcome, codes, _) = ask(&order, ReturnReason::ChangedMind, "2026-04-03T00:00:00Z");
    assert_eq!(outcome, Outcome::Declined);
    assert_eq!(codes, ["WINDOW_CLOSED"]);
}

#[test]
fn final_sale_stops_a_change_of_mind_and_no_defect() {
    let mut order = delivered_order();
    order.consumer = false;
    for line in &mut order.lines {
        line.final_sale = true;
    }
    let now = "2026-03-05T00:00:00Z";
    assert_eq!(
        ask(&order, ReturnReason::ChangedMind, now).0,
        Outcome::Declined
    );
    assert_eq!(
        ask(&order, ReturnReason::Defective, now).0,
        Outcome::Approved
    );
}

#[test]
fn the_law_overrides_final_sale() {
    let mut order = delivered_order();
    for line in &mut order.lines {
        line.final_sale = true;
    }
    let (outcome, codes, statutory) = ask(&order, ReturnReason::Withdrawal, "2026-03-17T12:00:00Z");
    assert_eq!((outcome, statutory), (Outcome::Approved, true));
    assert_eq!(codes, ["STATUTORY_WITHDRAWAL"]);
    let (outcome, codes, _) = ask(&order, ReturnReason::Withdrawal, "2026-03-18T00:00:00Z");
    assert_eq!(outcome, Outcome::Declined);
    assert_eq!(codes, ["WITHDRAWAL_PERIOD_OVER", "FINAL_SALE"]);
}

#[test]
fn says_why_there_is_no_right_to_withdraw() {
    let mut order = delivered_order();
    for line in &mut order.lines {
        line.final_sale = true;
        line.exemption = Exemption::Perishable;
    }
    let (outcome, codes, _) = ask(&order, ReturnReason::Withdrawal, "2026-03-04T12:00:00Z");
    assert_eq!(outcome, Outcome::Declined);
    assert_eq!(codes, ["WITHDRAWAL_NOT_GIVEN", "FINAL_SALE"]);
}

#[test]
fn a_late_defect_goes_to_a_person() {
    let order = delivered_order();
    let (outcome, codes, _) = ask(&order, ReturnReason::Defective, "2026-08-01T00:00:00Z");
    assert_eq!(outcome, Outcome::NeedsReview);
    assert_eq!(codes, ["LATE_DEFECT"]);
}

#[test]
fn charges_the_stored_fees_once_and_waives_them_on_the_merchants_fault() {
    let order = delivered_order();
    let mut terms = built_in_terms(&order);
    terms.return_shipping_fee = 300;
    for line in &mut terms.lines {
        line.restocking = Restocking::BasisPoints(1_000);
    }
    let now = at("2026-03-10T00:00:00Z");
    let asked = |reason| {
        let answer = built_in(&order, &terms, &request(1, reason), ALLOWANCE, now);
        let line = answer.lines.first().cloned();
        line.map(|line| (line.restocking_fee, line.return_shipping_fee))
    };
    // A tenth of 50.00 and 9.50.
    assert_eq!(asked(ReturnReason::ChangedMind), Some((595, 300)));
    assert_eq!(asked(ReturnReason::Damaged), Some((0, 0)));
    // The law knows no restocking fee, but the way back is the consumer's.
    assert_eq!(asked(ReturnReason::Withdrawal), Some((0, 300)));
}

#[test]
fn a_whole_withdrawal_gives_all_shipping_back() {
    let order = delivered_order();
    let terms = built_in_terms(&order);
    let now = at("2026-03-10T00:00:00Z");
    let mut limit = ReturnableLine::new("1");
    let mut given = Vec::new();
    for _ in 0..2 {
        let request = request(1, ReturnReason::Withdrawal);
        let answer = built_in(&order, &terms, &request, ALLOWANCE, now);
        let priced = price(&order, &request, &answer, std::slice::from_ref(&limit), 0);
        given.extend(priced.lines.iter().map(|line| line.refund));
        limit.allocated += 1;
    }
    let sum = given
        .iter()
        .fold(Breakdown::zero(order.currency), |sum, part| sum.plus(part));
    assert_eq!((sum.net, sum.tax, sum.shipping), (10_000, 1_900, 595));
}

#[test]
fn declines_the_whole_if_any_line_is_declined() {
    let line = |outcome| AnsweredLine {
        line_id: "1".into(),
        quantity: 1,
        outcome,
        statutory_withdrawal: false,
        keep_item: false,
        return_by: None,
        refund: Breakdown::zero(order().currency),
        reasons: Vec::new(),
    };
    let over = |outcomes: &[Outcome]| {
        Answered {
            lines: outcomes.iter().map(|outcome| line(*outcome)).collect(),
            reasons: Vec::new(),
        }
        .outcome()
    };
    assert_eq!(
        over(&[Outcome::Approved, Outcome::Approved]),
        Outcome::Approved
    );
    assert_eq!(
        over(&[Outcome::NeedsReview, Outcome::Approved]),
        Outcome::NeedsReview
    );
    assert_eq!(
        over(&[Outcome::Declined, Outcome::NeedsReview]),
        Outcome::Declined
    );
}
