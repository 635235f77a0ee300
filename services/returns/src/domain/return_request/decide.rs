//! The state machine.

use std::collections::BTreeMap;

use super::{
    Command, Decided, Event, Label, LabelId, LabelState, Moment, PickupWindow, Refused, Return,
    ReturnLine, Scan, State,
    exchange::{exchange, overdue},
    inspect::inspect,
    settle::{confirm, fail, refund},
};
use crate::domain::{Reason, ReasonSource};

/// What a command leads to. A refused command leaves everything as it was.
///
/// # Errors
/// [`Refused`], if the state doesn't allow it or the numbers don't fit.
pub(crate) fn decide(
    state: &Return,
    command: Command,
    moment: Moment<'_>,
) -> Result<Decided, Refused> {
    let mut decided = Decided {
        state: state.clone(),
        events: Vec::new(),
        released: BTreeMap::new(),
        changed: false,
    };
    match command {
        Command::Approve {
            note,
            return_by,
            keep_item,
        } => {
            for line in &mut decided.state.lines {
                line.keep_item |= keep_item && line.state == State::NeedsReview;
            }
            review(
                &mut decided,
                "approved",
                State::Approved,
                &note,
                "APPROVED_BY_OPERATOR",
            )?;
            let awaited = |line: &ReturnLine| line.state == State::Approved;
            decided.state.return_by = decided.state.lines.iter().any(awaited).then_some(return_by);
            decided.events.push(Event::Approved);
        }
        Command::Decline { note } => {
            review(
                &mut decided,
                "declined",
                State::Rejected,
                &note,
                "DECLINED_BY_OPERATOR",
            )?;
            decided.events.push(Event::Declined);
        }
        Command::Cancel => cancel(&mut decided)?,
        Command::AskLabel(pickup) => ask_label(&mut decided, pickup, moment)?,
        Command::LabelIssued {
            carrier,
            tracking_number,
            content_type,
        } => {
            if let Some(label) = pending_label(&mut decided.state) {
                label.state = LabelState::Issued;
                label.carrier = carrier;
                label.tracking_number = tracking_number;
                label.content_type = content_type;
                label.issued = Some(moment.now);
                advance(&mut decided.state, &[State::Approved], State::LabelIssued);
                decided.events.push(Event::LabelIssued);
            }
        }
        Command::LabelFailed { failure } => {
            if let Some(label) = pending_label(&mut decided.state) {
                label.state = LabelState::Failed;
                label.failure = failure;
            }
        }
        Command::Scan(scan) => record_scan(&mut decided, scan),
        Command::Receive(counted) => receive(&mut decided, counted)?,
        Command::Inspect(judgements) => inspect(&mut decided, &judgements, moment)?,
        Command::Refund(plans) => refund(&mut decided, &plans, moment)?,
        Command::Exchange(wanted) => exchange(&mut decided, wanted, moment)?,
        Command::ExchangeOverdue { exchange_id } => overdue(&mut decided, &exchange_id),
        Command::ConfirmRefund {
            refund_id,
            external_reference,
        } => confirm(&mut decided, &refund_id, &external_reference, moment)?,
        Command::FailRefund { refund_id, failure } => {
            fail(&mut decided, &refund_id, failure, moment)?;
        }
        Command::Expire => expire(&mut decided),
        Command::Lose => lose(&mut decided),
    }
    decided.changed = decided.state != *state;
    if decided.changed {
        decided.state.version += 1;
        decided.state.revision += i64::from(!decided.events.is_empty());
        decided.state.updated = moment.now;
    }
    Ok(decided)
}

fn review(
    decided: &mut Decided,
    verb: &'static str,
    to: State,
    note: &str,
    code: &str,
) -> Result<(), Refused> {
    if decided.state.state() != State::NeedsReview {
        return Err(Refused::State {
            state: decided.state.state(),
            verb,
        });
    }
    let reason = Reason::new(ReasonSource::Operator, code, note);
    for line in &mut decided.state.lines {
        if line.state == State::NeedsReview {
            line.state = if to == State::Approved {
                accepted(line.keep_item)
            } else {
                to
            };
            line.reasons.push(reason.clone());
            if to == State::Rejected {
                *decided.released.entry(line.line_id.clone()).or_default() += line.quantity;
            }
        }
    }
    decided.state.reasons.push(reason);
    Ok(())
}

/// Where an accepted line goes: what the customer keeps need not be awaited, counted or judged.
pub(super) const fn accepted(keep_item: bool) -> State {
    if keep_item {
        State::Inspected
    } else {
        State::Approved
    }
}

fn cancel(decided: &mut Decided) -> Result<(), Refused> {
    if let Some(exchange) = decided
        .state
        .exchanges
        .iter()
        .find(|exchange| exchange.instant && exchange.state != super::ExchangeState::Completed)
    {
        return Err(Refused::ExchangeOpen(exchange.exchange_id.clone()));
    }
    let not_yet_sent = [
        State::Requested,
        State::NeedsReview,
        State::Approved,
        State::LabelIssued,
    ];
    let open = |line: &&mut ReturnLine| !line.state.is_final();
    if decided
        .state
        .lines
        .iter_mut()
        .filter(open)
        .any(|line| !not_yet_sent.contains(&line.state) || line.received > 0)
        || decided.state.state().is_final()
    {
        return Err(Refused::State {
            state: decided.state.state(),
            verb: "cancelled",
        });
    }
    for line in decided.state.lines.iter_mut().filter(open) {
        line.state = State::Cancelled;
        *decided.released.entry(line.line_id.clone()).or_default() += line.quantity;
    }
    decided.events.push(Event::Cancelled);
    Ok(())
}

fn ask_label(
    decided: &mut Decided,
    pickup: Option<PickupWindow>,
    moment: Moment<'_>,
) -> Result<(), Refused> {
    let asked = decided
        .state
        .label
        .as_ref()
        .is_some_and(|label| label.state != LabelState::Failed);
    if asked {
        return Ok(());
    }
    let accepted = decided.state.state() == State::Approved && decided.state.method.needs_label();
    if !accepted {
        return Err(Refused::State {
            state: decided.state.state(),
            verb: "labelled",
        });
    }
    decided.state.label = Some(Label {
        label_id: LabelId::generate(moment.ids, moment.now).into(),
        state: LabelState::Pending,
        carrier: String::new(),
        tracking_number: String::new(),
        content_type: String::new(),
        failure: String::new(),
        issued: None,
        pickup,
    });
    Ok(())
}

/// The label that a worker still has to fetch, if the return still wants it.
fn pending_label(state: &mut Return) -> Option<&mut Label> {
    let wanted = state.lines.iter().any(|line| line.state == State::Approved);
    state
        .label
        .as_mut()
        .filter(|label| wanted && label.state == LabelState::Pending)
}

fn advance(state: &mut Return, from: &[State], to: State) -> bool {
    let mut moved = false;
    for line in &mut state.lines {
        if from.contains(&line.state) {
            line.state = to;
            moved = true;
        }
    }
    moved
}

fn record_scan(decided: &mut Decided, scan: Scan) {
    let scans = &mut decided.state.scans;
    if scans.iter().any(|known| known.event_id == scan.event_id) {
        return;
    }
    let key = |scan: &Scan| (scan.occurred, scan.event_id.clone());
    let position = scans.partition_point(|known| key(known) <= key(&scan));
    scans.insert(position, scan);
    // A late scan adds to the history and takes nothing back.
    if advance(
        &mut decided.state,
        &[State::Approved, State::LabelIssued, State::LostInTransit],
        State::InTransit,
    ) {
        decided.events.push(Event::InTransit);
    }
}

fn receive(decided: &mut Decided, counted: Vec<(String, u32)>) -> Result<(), Refused> {
    for (return_line_id, quantity) in &counted {
        let line = decided
            .state
            .lines
            .iter_mut()
            .find(|line| line.return_line_id == *return_line_id)
            .ok_or_else(|| Refused::LineNotFound(return_line_id.clone()))?;
        match line.state {
            // What was given up for lost may come after all.
            State::Approved
            | State::LabelIssued
            | State::InTransit
            | State::Received
            | State::LostInTransit => {}
            State::Requested
            | State::NeedsReview
            | State::Inspected
            | State::Refunded
            | State::Exchanged
            | State::Credited
            | State::Returned
            | State::Rejected
            | State::Expired
            | State::Cancelled => {
                return Err(Refused::State {
                    state: line.state,
                    verb: "received",
                });
            }
        }
        let left = line.quantity.saturating_sub(line.received);
        if *quantity > left {
            return Err(Refused::ReceiveExceeded {
                return_line_id: return_line_id.clone(),
                counted: *quantity,
                left,
            });
        }
        line.received += quantity;
        if line.received == line.quantity {
            line.state = State::Received;
        }
    }
    decided.events.push(Event::Received(counted));
    Ok(())
}

fn expire(decided: &mut Decided) {
    // The goods of an instant exchange have a deadline of their own.
    let exchanged: Vec<String> = decided
        .state
        .exchanges
        .iter()
        .filter(|exchange| exchange.instant)
        .flat_map(|exchange| exchange.return_line_ids.clone())
        .collect();
    for line in &mut decided.state.lines {
        if exchanged.contains(&line.return_line_id) {
            continue;
        }
        if matches!(line.state, State::Approved | State::LabelIssued) && line.received == 0 {
            line.state = State::Expired;
            *decided.released.entry(line.line_id.clone()).or_default() += line.quantity;
            decided
                .events
                .push(Event::LineExpired(line.return_line_id.clone()));
        }
    }
}

/// Units stay taken: the parcel may come after all, and a lost unit isn't sent back a second time.
fn lose(decided: &mut Decided) {
    for line in &mut decided.state.lines {
        if line.state == State::InTransit && line.received == 0 {
            line.state = State::LostInTransit;
            decided
                .events
                .push(Event::LineLost(line.return_line_id.clone()));
        }
    }
}
