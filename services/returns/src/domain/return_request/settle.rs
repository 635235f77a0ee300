//! Money: asked for, confirmed, refused.

use super::{
    Decided, Event, ExchangeState, Moment, Refund, RefundId, RefundMethod, RefundState, Refused,
    Return, State, exchange::settled,
};
use crate::domain::refund::Plan;

/// Asks for the money of everything that is due; the plans are those of [`Return::due`].
pub(super) fn refund(
    decided: &mut Decided,
    plans: &[Plan],
    moment: Moment<'_>,
) -> Result<(), Refused> {
    if decided.state.refund_method == RefundMethod::None {
        return Err(Refused::RefundNotDue);
    }
    if plans.is_empty() {
        return Err(Refused::State {
            state: decided.state.state(),
            verb: "refunded",
        });
    }
    for plan in plans {
        ask(decided, plan, moment)?;
    }
    Ok(())
}

/// Asks for the money of one plan.
pub(super) fn ask(decided: &mut Decided, plan: &Plan, moment: Moment<'_>) -> Result<(), Refused> {
    let refund_id: String = RefundId::generate(moment.ids, moment.now).into();
    for (return_line_id, breakdown) in &plan.lines {
        for line in &mut decided.state.lines {
            if line.return_line_id == *return_line_id {
                line.refund = *breakdown;
            }
        }
    }
    for exchange in &mut decided.state.exchanges {
        if Some(&exchange.exchange_id) == plan.exchange_id.as_ref() {
            exchange.state = ExchangeState::AwaitingPayment;
            exchange.refund_id = Some(refund_id.clone());
        }
    }
    decided.state.refunds.push(Refund {
        refund_id: refund_id.clone(),
        state: RefundState::Requested,
        method: decided.state.refund_method,
        breakdown: plan.breakdown,
        return_line_ids: plan.lines.iter().map(|(id, _)| id.clone()).collect(),
        exchange_id: plan.exchange_id.clone(),
        external_reference: String::new(),
        failure: String::new(),
        requested: moment.now,
        completed: None,
    });
    decided
        .events
        .push(Event::RefundRequested(refund_id.clone()));
    if plan.breakdown.total() == 0 {
        // Fees, or the replacement, took all of it: there is no money to ask for.
        confirm(decided, &refund_id, "", moment)?;
    }
    Ok(())
}

/// The money has moved.
pub(super) fn confirm(
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
    let refund = refund.clone();
    let end = if refund.exchange_id.is_some() {
        State::Exchanged
    } else {
        refund.method.end()
    };
    for line in &mut decided.state.lines {
        if refund.return_line_ids.contains(&line.return_line_id) {
            line.state = end;
        }
    }
    decided
        .events
        .push(Event::RefundConfirmed(refund_id.to_owned()));
    settled(decided, &refund);
    Ok(())
}

/// The money will not move.
pub(super) fn fail(
    decided: &mut Decided,
    refund_id: &str,
    failure: String,
    moment: Moment<'_>,
) -> Result<(), Refused> {
    if let Some(refund) = settle(&mut decided.state, refund_id, RefundState::Failed, moment)? {
        refund.failure = failure;
        let refund = refund.clone();
        decided
            .events
            .push(Event::RefundFailed(refund_id.to_owned()));
        settled(decided, &refund);
    }
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
