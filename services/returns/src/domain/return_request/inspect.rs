//! Judging units: what differs in its fate splits the line.

use super::{
    Decided, Disposition, Event, Judgement, Moment, RefundMethod, Refused, ReturnLine,
    ReturnLineId, State,
};
use crate::domain::{Reason, ReasonSource};

/// Judges units, all of them or none.
pub(super) fn inspect(
    decided: &mut Decided,
    judgements: &[Judgement],
    moment: Moment<'_>,
) -> Result<(), Refused> {
    let mut judged_ids = Vec::new();
    for judgement in judgements {
        let position = decided
            .state
            .lines
            .iter()
            .position(|line| line.return_line_id == judgement.return_line_id)
            .ok_or_else(|| Refused::LineNotFound(judgement.return_line_id.clone()))?;
        let Some(line) = decided.state.lines.get_mut(position) else {
            continue;
        };
        check(line, judgement)?;
        let missing = judgement.disposition == Disposition::Missing;
        let mut judged = line.clone();
        let whole = judgement.quantity == line.quantity;
        if !whole {
            let (first, rest) = line.refund.split(judgement.quantity, line.quantity);
            judged.return_line_id = ReturnLineId::generate(moment.ids, moment.now).into();
            judged.quantity = judgement.quantity;
            judged.refund = first;
            line.refund = rest;
            line.quantity -= judgement.quantity;
            if !missing {
                line.received = line.received.saturating_sub(judgement.quantity);
            }
            if line.received == line.quantity {
                line.state = State::Received;
            }
        }
        judged.received = if missing { 0 } else { judgement.quantity };
        judged.disposition = Some(judgement.disposition);
        judged.inspection_note.clone_from(&judgement.note);
        judged.state = if judgement.rejected || missing {
            judged.reasons.push(if missing {
                Reason::new(
                    ReasonSource::Operator,
                    "UNIT_MISSING",
                    "It was announced and not in the parcel.",
                )
            } else {
                Reason::new(
                    ReasonSource::Operator,
                    "REJECTED_AT_INSPECTION",
                    judgement.note.clone(),
                )
            });
            State::Rejected
        } else if decided.state.refund_method == RefundMethod::None {
            // Nothing is due: judging is its end.
            if decided.state.claim_id.is_some() {
                // A claim gives goods for them, which may come back in their turn.
                *decided.released.entry(judged.line_id.clone()).or_default() += judged.quantity;
            }
            State::Returned
        } else {
            State::Inspected
        };
        judged_ids.push((judged.return_line_id.clone(), judged.state));
        if whole {
            *line = judged;
        } else {
            let whole_id = line.return_line_id.clone();
            for exchange in &mut decided.state.exchanges {
                if exchange.return_line_ids.contains(&whole_id) {
                    exchange.return_line_ids.push(judged.return_line_id.clone());
                }
            }
            decided.state.lines.push(judged);
        }
    }
    decided.events.push(Event::Inspected(
        judged_ids.iter().map(|(id, _)| id.clone()).collect(),
    ));
    decided.events.extend(
        judged_ids
            .into_iter()
            .filter(|(_, state)| *state == State::Rejected)
            .map(|(id, _)| Event::LineRejected(id)),
    );
    Ok(())
}

fn check(line: &ReturnLine, judgement: &Judgement) -> Result<(), Refused> {
    match line.state {
        State::Approved | State::LabelIssued | State::InTransit | State::Received => {}
        State::Requested
        | State::NeedsReview
        | State::Inspected
        | State::Refunded
        | State::Exchanged
        | State::Credited
        | State::Returned
        | State::Rejected
        | State::LostInTransit
        | State::Expired
        | State::Cancelled => {
            return Err(Refused::State {
                state: line.state,
                verb: "inspected",
            });
        }
    }
    let left = if judgement.disposition == Disposition::Missing {
        line.quantity.saturating_sub(line.received)
    } else {
        line.received
    };
    if judgement.quantity > left {
        return Err(Refused::InspectExceeded {
            return_line_id: line.return_line_id.clone(),
            judged: judgement.quantity,
            left,
        });
    }
    Ok(())
}
