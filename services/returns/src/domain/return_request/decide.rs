//! The state machine.

use std::collections::BTreeMap;

use super::{
    Command, Decided, Event, Label, LabelId, LabelState, Moment, Refund, RefundId, RefundState,
    Refused, Return, ReturnLine, Scan, State, inspect::inspect,
};
use crate::domain::{Reason, ReasonSource, refund::Plan};

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
        Command::Approve { note, return_by } => {
            review(
                &mut decided,
                "approved",
                State::Approved,
                &note,
                "APPROVED_BY_OPERATOR",
            )?;
            decided.state.return_by = Some(return_by);
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
        Command::AskLabel => ask_label(&mut decided, moment)?,
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
        Command::Refund(plan) => refund(&mut decided, &plan, moment)?,
        Command::ConfirmRefund {
            refund_id,
            external_reference,
        } => confirm(&mut decided, &refund_id, &external_reference, moment)?,
        Command::FailRefund { refund_id, failure } => {
            if let Some(refund) =
                settle(&mut decided.state, &refund_id, RefundState::Failed, moment)?
            {
                refund.failure = failure;
                decided.events.push(Event::RefundFailed(refund_id));
            }
        }
        Command::Expire => expire(&mut decided),
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
            line.state = to;
            line.reasons.push(reason.clone());
            if to == State::Rejected {
                *decided.released.entry(line.line_id.clone()).or_default() += line.quantity;
            }
        }
    }
    decided.state.reasons.push(reason);
    Ok(())
}

fn cancel(decided: &mut Decided) -> Result<(), Refused> {
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

fn ask_label(decided: &mut Decided, moment: Moment<'_>) -> Result<(), Refused> {
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
        &[State::Approved, State::LabelIssued],
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
            State::Approved | State::LabelIssued | State::InTransit | State::Received => {}
            State::Requested
            | State::NeedsReview
            | State::Inspected
            | State::Refunded
            | State::Exchanged
            | State::Credited
            | State::Rejected
            | State::LostInTransit
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

fn refund(decided: &mut Decided, plan: &Plan, moment: Moment<'_>) -> Result<(), Refused> {
    let due: Vec<String> = decided
        .state
        .refundable()
        .into_iter()
        .map(|line| line.return_line_id.clone())
        .collect();
    if due.is_empty() {
        return Err(Refused::State {
            state: decided.state.state(),
            verb: "refunded",
        });
    }
    let refund_id: String = RefundId::generate(moment.ids, moment.now).into();
    for (return_line_id, breakdown) in &plan.lines {
        for line in &mut decided.state.lines {
            if line.return_line_id == *return_line_id {
                line.refund = *breakdown;
            }
        }
    }
    decided.state.refunds.push(Refund {
        refund_id: refund_id.clone(),
        state: RefundState::Requested,
        breakdown: plan.breakdown,
        return_line_ids: due,
        external_reference: String::new(),
        failure: String::new(),
        requested: moment.now,
        completed: None,
    });
    decided
        .events
        .push(Event::RefundRequested(refund_id.clone()));
    if plan.breakdown.total() == 0 {
        // Fees took all of it: there is no money to ask for.
        confirm(decided, &refund_id, "", moment)?;
    }
    Ok(())
}

fn confirm(
    decided: &mut Decided,
    refund_id: &str,
    external_reference: &str,
    moment: Moment<'_>,
) -> Result<(), Refused> {
    let Some(refund) = settle(
        &mut decided.state,
        refund_id,
        RefundState::Confirmed,
        moment,
    )?
    else {
        return Ok(());
    };
    external_reference.clone_into(&mut refund.external_reference);
    refund.failure.clear();
    let paid = refund.return_line_ids.clone();
    for line in &mut decided.state.lines {
        if paid.contains(&line.return_line_id) {
            line.state = State::Refunded;
        }
    }
    decided
        .events
        .push(Event::RefundConfirmed(refund_id.to_owned()));
    Ok(())
}

/// Ends a refund that is under way; `None` if it has ended in the same way before.
fn settle<'a>(
    state: &'a mut Return,
    refund_id: &str,
    to: RefundState,
    moment: Moment<'_>,
) -> Result<Option<&'a mut Refund>, Refused> {
    let refund = state
        .refunds
        .iter_mut()
        .find(|refund| refund.refund_id == refund_id)
        .ok_or_else(|| Refused::RefundNotFound(refund_id.to_owned()))?;
    if refund.state == to {
        return Ok(None);
    }
    match refund.state {
        RefundState::Requested => {
            refund.state = to;
            refund.completed = Some(moment.now);
            Ok(Some(refund))
        }
        RefundState::Confirmed | RefundState::Failed => Err(Refused::RefundState {
            refund_id: refund_id.to_owned(),
            state: refund.state,
        }),
    }
}

fn expire(decided: &mut Decided) {
    for line in &mut decided.state.lines {
        if matches!(line.state, State::Approved | State::LabelIssued) && line.received == 0 {
            line.state = State::Expired;
            *decided.released.entry(line.line_id.clone()).or_default() += line.quantity;
            decided
                .events
                .push(Event::LineExpired(line.return_line_id.clone()));
        }
    }
}
