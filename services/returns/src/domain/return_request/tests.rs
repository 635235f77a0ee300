#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod exchange;
mod walk;

use postlude_kernel::SeededIds;

use self::walk::at_state;
use super::*;
use crate::domain::{
    policy::{Answer, LineAnswer, Outcome, Request, RequestedLine, price},
    refund::{Due, Plan},
    terms::tests::{at, order},
};

static IDS: SeededIds = SeededIds::new(7);

fn moment() -> Moment<'static> {
    Moment {
        now: at("2026-03-10T00:00:00Z"),
        ids: &IDS,
    }
}

/// A return of two units of one line.
fn opened(outcome: Outcome) -> Return {
    opened_for(outcome, RefundMethod::Original, false)
}

fn opened_for(outcome: Outcome, refund_method: RefundMethod, keep_item: bool) -> Return {
    let order = order();
    let request = Request {
        lines: vec![RequestedLine {
            line_id: "1".into(),
            quantity: 2,
            reason: ReturnReason::ChangedMind,
            comment: "too red".into(),
            unsealed: false,
        }],
        method: Method::Mail,
        refund_method,
    };
    let answer = Answer {
        lines: vec![LineAnswer {
            outcome,
            restocking_fee: 101,
            return_shipping_fee: 0,
            refund_shipping: false,
            statutory_withdrawal: false,
            keep_item,
            return_by: None,
            reasons: Vec::new(),
        }],
        reasons: Vec::new(),
    };
    let answer = price(&order, &request, &answer, &[], 1_000);
    open(
        &Opening {
            order: &order,
            request: &request,
            answer: &answer,
            decision: &DecisionSource::built_in(),
            quote_id: "",
            claim_id: None,
            gift_recipient: "",
            return_by: at("2026-03-24T00:00:00Z"),
        },
        moment(),
    )
    .state
}

fn run(state: &Return, command: Command) -> Result<Decided, Refused> {
    decide(state, command, moment())
}

fn done(state: &Return, command: Command) -> Return {
    run(state, command).unwrap().state
}

fn id(state: &Return) -> String {
    state.lines[0].return_line_id.clone()
}

fn approve() -> Command {
    Command::Approve {
        note: "fine".into(),
        return_by: at("2026-03-24T00:00:00Z"),
        keep_item: false,
    }
}

fn scan(event_id: &str, time: &str) -> Command {
    Command::Scan(Scan {
        event_id: event_id.into(),
        occurred: at(time),
        location: String::new(),
        description: String::new(),
    })
}

fn receive(state: &Return, quantity: u32) -> Command {
    Command::Receive(vec![(id(state), quantity)])
}

fn judge(state: &Return, quantity: u32, disposition: Disposition, rejected: bool) -> Judgement {
    Judgement {
        return_line_id: id(state),
        quantity,
        disposition,
        rejected,
        note: "worn".into(),
    }
}

fn planned(due: &Due<'_>) -> Plan {
    let lines: Vec<(String, Breakdown)> = due
        .lines
        .iter()
        .map(|line| (line.return_line_id.clone(), line.refund))
        .collect();
    let start = Breakdown {
        replacement: due.exchange.map_or(0, |(_, price)| -price),
        ..Breakdown::zero(order().currency)
    };
    Plan {
        exchange_id: due.exchange.map(|(id, _)| id.to_owned()),
        breakdown: lines.iter().fold(start, |sum, (_, part)| sum.plus(part)),
        lines,
        allocations: Vec::new(),
    }
}

fn refund(state: &Return) -> Command {
    Command::Refund(state.due(false).iter().map(planned).collect())
}

fn label_issued() -> Command {
    Command::LabelIssued {
        carrier: "built-in".into(),
        tracking_number: "PL1".into(),
        content_type: "application/pdf".into(),
    }
}

#[test]
fn every_revision_is_told_and_no_change_makes_none() {
    let approved = opened(Outcome::Approved);
    assert_eq!((approved.revision, approved.version), (1, 1));
    // Nobody else needs to know that a label was asked for.
    let asked = run(&approved, Command::AskLabel(None)).unwrap();
    assert!(asked.changed && asked.events.is_empty());
    assert_eq!((asked.state.revision, asked.state.version), (1, 2));
    let again = run(&asked.state, Command::AskLabel(None)).unwrap();
    assert!(!again.changed && again.events.is_empty());
    assert_eq!(again.state, asked.state);
    let issued = run(&asked.state, label_issued()).unwrap();
    assert_eq!((issued.state.revision, issued.state.version), (2, 3));
}

#[test]
fn gives_the_units_back_when_nothing_will_come() {
    let two = BTreeMap::from([("1".to_owned(), 2)]);
    assert_eq!(
        run(&opened(Outcome::Approved), Command::Cancel)
            .unwrap()
            .released,
        two
    );
    let review = opened(Outcome::NeedsReview);
    let declined = run(&review, Command::Decline { note: "no".into() }).unwrap();
    assert_eq!(declined.released, two);
    assert_eq!(declined.events, [Event::Declined]);
    let expired = run(&at_state(State::LabelIssued), Command::Expire).unwrap();
    assert_eq!(expired.released, two);
    assert!(matches!(expired.events[..], [Event::LineExpired(_)]));
    // What came and was refused stays taken.
    let received = at_state(State::Received);
    let judgement = judge(&received, 2, Disposition::Discard, true);
    let rejected = run(&received, Command::Inspect(vec![judgement])).unwrap();
    assert!(rejected.released.is_empty());
}

#[test]
fn a_label_that_comes_after_the_cancellation_changes_nothing() {
    let cancelled = done(
        &done(&opened(Outcome::Approved), Command::AskLabel(None)),
        Command::Cancel,
    );
    assert!(!run(&cancelled, label_issued()).unwrap().changed);
}

#[test]
fn asks_again_after_a_failed_label() {
    let failed = done(
        &done(&opened(Outcome::Approved), Command::AskLabel(None)),
        Command::LabelFailed {
            failure: "no such postcode".into(),
        },
    );
    assert_eq!(failed.label.as_ref().unwrap().state, LabelState::Failed);
    let again = done(&failed, Command::AskLabel(None));
    assert_eq!(again.label.as_ref().unwrap().state, LabelState::Pending);
    assert_ne!(again.label, failed.label);
}

#[test]
fn scans_come_twice_late_and_in_any_order() {
    let labelled = at_state(State::LabelIssued);
    let second = run(&labelled, scan("b", "2026-03-12T00:00:00Z")).unwrap();
    assert_eq!(second.events, [Event::InTransit]);
    let first = run(&second.state, scan("a", "2026-03-11T00:00:00Z")).unwrap();
    assert!(first.events.is_empty() && first.changed);
    let order: Vec<&str> = first
        .state
        .scans
        .iter()
        .map(|scan| scan.event_id.as_str())
        .collect();
    assert_eq!(order, ["a", "b"]);
    assert!(
        !run(&first.state, scan("a", "2026-03-11T00:00:00Z"))
            .unwrap()
            .changed
    );
    // A scan that comes after the goods takes nothing back.
    let received = at_state(State::Received);
    assert_eq!(
        done(&received, scan("late", "2026-03-09T00:00:00Z")).state(),
        State::Received
    );
}

#[test]
fn counts_in_parts_and_never_too_many() {
    let moving = at_state(State::InTransit);
    let one = done(&moving, receive(&moving, 1));
    assert_eq!((one.state(), one.lines[0].received), (State::InTransit, 1));
    assert_eq!(
        run(&one, receive(&one, 2)),
        Err(Refused::ReceiveExceeded {
            return_line_id: id(&one),
            counted: 2,
            left: 1
        })
    );
    assert_eq!(done(&one, receive(&one, 1)).state(), State::Received);
}

#[test]
fn units_whose_fate_differs_split_the_line() {
    let received = at_state(State::Received);
    let promised = received.lines[0].refund;
    let decided = run(
        &received,
        Command::Inspect(vec![
            judge(&received, 1, Disposition::Restock, false),
            judge(&received, 1, Disposition::Discard, true),
        ]),
    )
    .unwrap();
    let lines = &decided.state.lines;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines.iter().map(|line| line.quantity).sum::<u32>(), 2);
    assert_eq!(lines[0].refund.plus(&lines[1].refund), promised);
    let rejected = lines
        .iter()
        .find(|line| line.state == State::Rejected)
        .unwrap();
    assert_eq!(
        decided.events,
        [
            Event::Inspected(vec![
                lines[1].return_line_id.clone(),
                lines[0].return_line_id.clone()
            ]),
            Event::LineRejected(rejected.return_line_id.clone()),
        ]
    );
    assert_eq!(decided.state.state(), State::Inspected);
}

#[test]
fn judges_what_came_while_the_rest_is_on_its_way() {
    let moving = at_state(State::InTransit);
    let one = done(&moving, receive(&moving, 1));
    let judged = done(
        &one,
        Command::Inspect(vec![judge(&one, 1, Disposition::Restock, false)]),
    );
    assert_eq!(judged.state(), State::InTransit);
    assert_eq!(judged.due(false)[0].lines.len(), 1);
    // The other unit never came.
    let missing = run(
        &judged,
        Command::Inspect(vec![judge(&judged, 1, Disposition::Missing, false)]),
    )
    .unwrap();
    assert_eq!(missing.state.lines[0].state, State::Rejected);
    assert_eq!(missing.state.state(), State::Inspected);
    assert_eq!(
        missing.state.lines[0].reasons.last().unwrap().code,
        "UNIT_MISSING"
    );
}

#[test]
fn refuses_to_judge_what_was_not_counted() {
    let moving = at_state(State::InTransit);
    let one = done(&moving, receive(&moving, 1));
    assert!(matches!(
        run(
            &one,
            Command::Inspect(vec![judge(&one, 2, Disposition::Restock, false)])
        ),
        Err(Refused::InspectExceeded {
            judged: 2,
            left: 1,
            ..
        })
    ));
    assert!(matches!(
        run(
            &one,
            Command::Inspect(vec![judge(&one, 2, Disposition::Missing, false)])
        ),
        Err(Refused::InspectExceeded {
            judged: 2,
            left: 1,
            ..
        })
    ));
}

#[test]
fn asks_for_the_money_of_a_line_once() {
    let inspected = at_state(State::Inspected);
    let asked = done(&inspected, refund(&inspected));
    assert_eq!(asked.state(), State::Inspected);
    assert!(asked.due(false).is_empty());
    assert!(matches!(
        run(&asked, refund(&asked)),
        Err(Refused::State { .. })
    ));
    let refund_id = asked.refunds[0].refund_id.clone();
    let failed = run(
        &asked,
        Command::FailRefund {
            refund_id: refund_id.clone(),
            failure: "account closed".into(),
        },
    )
    .unwrap();
    assert_eq!(failed.events, [Event::RefundFailed(refund_id.clone())]);
    assert_eq!(failed.state.due(false).len(), 1);
    // It failed: a confirmation now contradicts, and another try is another refund.
    assert!(matches!(
        run(
            &failed.state,
            Command::ConfirmRefund {
                refund_id,
                external_reference: String::new()
            }
        ),
        Err(Refused::RefundState { .. })
    ));
    assert_eq!(done(&failed.state, refund(&failed.state)).refunds.len(), 2);
}

#[test]
fn a_confirmation_that_comes_twice_changes_nothing() {
    let refunded = at_state(State::Refunded);
    let again = run(
        &refunded,
        Command::ConfirmRefund {
            refund_id: refunded.refunds[0].refund_id.clone(),
            external_reference: "p-1".into(),
        },
    )
    .unwrap();
    assert!(!again.changed && again.events.is_empty());
}

#[test]
fn a_refund_of_nothing_is_done_at_once() {
    let mut inspected = at_state(State::Inspected);
    let nothing = Breakdown::zero(inspected.currency);
    inspected.lines[0].refund = nothing;
    let decided = run(&inspected, refund(&inspected)).unwrap();
    assert_eq!(decided.state.state(), State::Refunded);
    assert_eq!(decided.events.len(), 2);
}

#[test]
fn a_person_decides_only_where_one_is_asked() {
    let review = opened(Outcome::NeedsReview);
    let approved = run(&review, approve()).unwrap();
    assert_eq!(approved.events, [Event::Approved]);
    assert_eq!(
        approved.state.reasons.last().unwrap().source,
        crate::domain::ReasonSource::Operator
    );
    assert!(approved.state.return_by.is_some());
    assert!(run(&review, Command::AskLabel(None)).is_err());
    assert!(run(&review, receive(&review, 1)).is_err());
}
