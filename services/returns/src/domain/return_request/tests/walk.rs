//! Every state and every command: what each pair leads to.

use std::fmt::Write as _;

use super::*;

/// Every state, in the contract's order. `next` names them all, so that none can be forgotten.
fn states() -> Vec<State> {
    let next = |state: State| match state {
        State::Requested => Some(State::NeedsReview),
        State::NeedsReview => Some(State::Approved),
        State::Approved => Some(State::LabelIssued),
        State::LabelIssued => Some(State::InTransit),
        State::InTransit => Some(State::Received),
        State::Received => Some(State::Inspected),
        State::Inspected => Some(State::Refunded),
        State::Refunded => Some(State::Exchanged),
        State::Exchanged => Some(State::Credited),
        State::Credited => Some(State::Returned),
        State::Returned => Some(State::Rejected),
        State::Rejected => Some(State::LostInTransit),
        State::LostInTransit => Some(State::Expired),
        State::Expired => Some(State::Cancelled),
        State::Cancelled => None,
    };
    std::iter::successors(Some(State::Requested), |state| next(*state)).collect()
}

/// A return of two units in each state.
pub(super) fn at_state(state: State) -> Return {
    at_state_for(state, RefundMethod::Original)
}

fn at_state_for(state: State, method: RefundMethod) -> Return {
    let approved = opened_for(Outcome::Approved, method, false);
    let labelled = done(&done(&approved, Command::AskLabel(None)), label_issued());
    let moving = done(&labelled, scan("1", "2026-03-11T00:00:00Z"));
    let received = done(&moving, receive(&moving, 2));
    let restock = judge(&received, 2, Disposition::Restock, false);
    let inspected = done(&received, Command::Inspect(vec![restock]));
    let paid = |inspected: &Return| {
        let asked = done(inspected, refund(inspected));
        done(&asked, confirm(&asked))
    };
    match state {
        State::Requested => {
            let mut requested = opened(Outcome::NeedsReview);
            requested.lines[0].state = State::Requested;
            requested
        }
        State::NeedsReview => opened(Outcome::NeedsReview),
        State::Approved => approved,
        State::LabelIssued => labelled,
        State::InTransit => moving,
        State::Received => received,
        State::Inspected => inspected,
        State::Refunded => paid(&inspected),
        State::Exchanged => {
            let worth = inspected.lines[0].refund.total();
            done(&inspected, exchange(&inspected, worth))
        }
        State::Credited => paid(&at_state_for(State::Inspected, RefundMethod::StoreCredit)),
        State::Returned => at_state_for(State::Inspected, RefundMethod::None),
        State::Rejected => done(
            &received,
            Command::Inspect(vec![judge(&received, 2, Disposition::Discard, true)]),
        ),
        State::LostInTransit => done(&moving, Command::Lose),
        State::Expired => done(&labelled, Command::Expire),
        State::Cancelled => done(&approved, Command::Cancel),
    }
}

fn confirm(state: &Return) -> Command {
    Command::ConfirmRefund {
        refund_id: last_refund(state),
        external_reference: "p-1".into(),
    }
}

fn last_refund(state: &Return) -> String {
    state
        .refunds
        .last()
        .map_or_else(|| "rfd_none".into(), |refund| refund.refund_id.clone())
}

/// All judged lines for goods of this price.
fn exchange(state: &Return, price: i64) -> Command {
    let due = Due {
        exchange: Some(("exc_1", price)),
        lines: state
            .lines
            .iter()
            .filter(|line| line.state == State::Inspected)
            .collect(),
    };
    Command::Exchange(Exchanging {
        exchange_id: "exc_1".into(),
        return_line_ids: Vec::new(),
        replacements: vec![Replacement {
            sku: "B".into(),
            quantity: 1,
            currency: state.currency,
            net: price,
            tax: 0,
        }],
        how: How::AfterJudging(vec![planned(&due)]),
    })
}

fn instant(state: &Return) -> Command {
    let Command::Exchange(wanted) = exchange(state, 100) else {
        panic!("an exchange")
    };
    Command::Exchange(Exchanging {
        how: How::Instant {
            deadline: at("2026-03-24T00:00:00Z"),
        },
        ..wanted
    })
}

/// Every command, asked of this return. `name` names them all, so that none can be forgotten.
fn commands(state: &Return) -> Vec<Command> {
    vec![
        approve(),
        Command::Decline { note: "no".into() },
        Command::Cancel,
        Command::AskLabel(None),
        label_issued(),
        Command::LabelFailed {
            failure: "no such address".into(),
        },
        scan("another", "2026-03-12T00:00:00Z"),
        receive(state, 1),
        Command::Inspect(vec![judge(state, 1, Disposition::Restock, false)]),
        refund(state),
        exchange(state, 100),
        instant(state),
        confirm(state),
        Command::FailRefund {
            refund_id: last_refund(state),
            failure: "closed".into(),
        },
        Command::Expire,
        Command::Lose,
        Command::ExchangeOverdue {
            exchange_id: "exc_1".into(),
        },
    ]
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Approve { .. } => "approve",
        Command::Decline { .. } => "decline",
        Command::Cancel => "cancel",
        Command::AskLabel(_) => "ask label",
        Command::LabelIssued { .. } => "label issued",
        Command::LabelFailed { .. } => "label failed",
        Command::Scan(_) => "scan",
        Command::Receive(_) => "receive one",
        Command::Inspect(_) => "inspect one",
        Command::Refund(_) => "refund",
        Command::Exchange(wanted) => match wanted.how {
            How::AfterJudging(_) => "exchange",
            How::Instant { .. } => "instant exchange",
        },
        Command::ConfirmRefund { .. } => "confirm refund",
        Command::FailRefund { .. } => "fail refund",
        Command::Expire => "expire",
        Command::Lose => "lose",
        Command::ExchangeOverdue { .. } => "exchange overdue",
    }
}

/// What a pair leads to, as in `walk.txt`: the header's state afterwards, `.` if it stays, `-` if nothing changes at all,
/// or why it is refused.
fn cell(before: &Return, command: Command) -> String {
    match run(before, command) {
        Ok(decided) if !decided.changed => "-".into(),
        Ok(decided) if decided.state.state() == before.state() => ".".into(),
        Ok(decided) => format!("{:?}", decided.state.state()),
        Err(Refused::State { state, .. }) => {
            assert_eq!(state, before.state());
            "no".into()
        }
        Err(Refused::ReceiveExceeded { .. }) => "no:counted".into(),
        Err(Refused::InspectExceeded { .. }) => "no:uncounted".into(),
        Err(Refused::RefundNotFound(_)) => "no:refund".into(),
        Err(Refused::RefundState { .. }) => "no:settled".into(),
        Err(Refused::RefundNotDue) => "no:not due".into(),
        Err(Refused::ExchangeOpen(_)) => "no:exchange".into(),
        Err(Refused::LineNotFound(_)) => "no:line".into(),
    }
}

/// Nothing brings a return to REQUESTED: the policy answers at once. It stands here so that a command
/// that would do something in it is seen.
#[test]
fn every_state_and_every_command() {
    let mut table = String::new();
    for state in states() {
        let before = at_state(state);
        assert_eq!(before.state(), state);
        writeln!(table, "{state:?}").unwrap();
        for command in commands(&before) {
            let name = name(&command);
            writeln!(table, "  {name:<17}{}", cell(&before, command)).unwrap();
        }
    }
    assert_eq!(table, include_str!("walk.txt"), "{table}");
}
