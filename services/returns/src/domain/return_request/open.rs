//! How a return begins.

use postlude_kernel::Timestamp;

use super::{
    Decided, Event, Method, Moment, RefundMethod, Refused, Return, ReturnId, ReturnLine,
    ReturnLineId, State, decide::accepted as accepted_state, settle::ask,
};
use crate::domain::{
    Reason,
    order::Order,
    policy::{Answered, DecisionSource, Outcome, Request},
    refund::Plan,
};

/// What a return is opened from: the request and the policy's answer to it.
#[derive(Debug, Clone)]
pub(crate) struct Opening<'a> {
    pub(crate) order: &'a Order,
    pub(crate) request: &'a Request,
    pub(crate) answer: &'a Answered,
    pub(crate) decision: &'a DecisionSource,
    pub(crate) quote_id: &'a str,
    /// The claim that it settles, if any.
    pub(crate) claim_id: Option<&'a str>,
    /// Who gets a gift's credit; empty for any other method.
    pub(crate) gift_recipient: &'a str,
    /// When the goods must be on their way.
    pub(crate) return_by: Timestamp,
}

/// Opens a return. The caller has seen to it that the answer declines nothing.
pub(crate) fn open(opening: &Opening<'_>, moment: Moment<'_>) -> Decided {
    let Moment { now, ids } = moment;
    let lines: Vec<ReturnLine> = opening
        .answer
        .lines
        .iter()
        .zip(&opening.request.lines)
        .map(|(answer, asked)| ReturnLine {
            return_line_id: ReturnLineId::generate(ids, now).into(),
            line_id: asked.line_id.clone(),
            quantity: asked.quantity,
            reason: asked.reason,
            comment: asked.comment.clone(),
            statutory_withdrawal: answer.statutory_withdrawal,
            keep_item: answer.keep_item,
            state: match answer.outcome {
                Outcome::Approved => accepted_state(answer.keep_item),
                Outcome::NeedsReview | Outcome::Declined => State::NeedsReview,
            },
            received: 0,
            disposition: None,
            refund: answer.refund,
            reasons: answer.reasons.clone(),
            inspection_note: String::new(),
        })
        .collect();
    let accepted = lines.iter().all(|line| line.state != State::NeedsReview);
    let awaited = lines.iter().any(|line| line.state == State::Approved);
    let state = Return {
        return_id: ReturnId::generate(ids, now).into(),
        order_id: opening.order.order_id.clone(),
        customer_id: opening.order.customer_id.clone(),
        currency: opening.order.currency,
        lines,
        method: opening.request.method,
        refund_method: opening.request.refund_method,
        gift_recipient: opening.gift_recipient.to_owned(),
        label: None,
        refunds: Vec::new(),
        exchanges: Vec::new(),
        reasons: opening.answer.reasons.clone(),
        decision: opening.decision.clone(),
        quote_id: opening.quote_id.to_owned(),
        claim_id: opening.claim_id.map(str::to_owned),
        scans: Vec::new(),
        revision: 1,
        version: 1,
        created: now,
        updated: now,
        return_by: (accepted && awaited).then_some(opening.return_by),
    };
    Decided {
        state,
        events: vec![
            Event::Created,
            if accepted {
                Event::Approved
            } else {
                Event::NeedsReview
            },
        ],
        released: std::collections::BTreeMap::new(),
        changed: true,
    }
}

/// What a favour is made of.
#[derive(Debug, Clone)]
pub(crate) struct Goodwill<'a> {
    pub(crate) order: &'a Order,
    pub(crate) refund_method: RefundMethod,
    pub(crate) reason: Reason,
    pub(crate) plan: &'a Plan,
}

/// A favour: a return without lines whose money is asked for at once.
///
/// # Errors
/// [`Refused`], which no favour leads to.
pub(crate) fn goodwill(favour: &Goodwill<'_>, moment: Moment<'_>) -> Result<Decided, Refused> {
    let Moment { now, ids } = moment;
    let mut decided = Decided {
        state: Return {
            return_id: ReturnId::generate(ids, now).into(),
            order_id: favour.order.order_id.clone(),
            customer_id: favour.order.customer_id.clone(),
            currency: favour.order.currency,
            lines: Vec::new(),
            method: Method::Mail,
            refund_method: favour.refund_method,
            gift_recipient: String::new(),
            label: None,
            refunds: Vec::new(),
            exchanges: Vec::new(),
            reasons: vec![favour.reason.clone()],
            decision: DecisionSource::operator(),
            quote_id: String::new(),
            claim_id: None,
            scans: Vec::new(),
            revision: 1,
            version: 1,
            created: now,
            updated: now,
            return_by: None,
        },
        events: vec![Event::Created],
        released: std::collections::BTreeMap::new(),
        changed: true,
    };
    ask(&mut decided, favour.plan, moment)?;
    Ok(decided)
}

/// Asks for the money of a return that was just opened: nothing of it is awaited.
///
/// # Errors
/// [`Refused`], which no such return leads to.
pub(crate) fn pay(
    decided: &mut Decided,
    plans: &[Plan],
    moment: Moment<'_>,
) -> Result<(), Refused> {
    for plan in plans {
        ask(decided, plan, moment)?;
    }
    Ok(())
}

impl Method {
    /// Whether a parcel is sent, so that a label makes sense.
    pub(crate) const fn needs_label(self) -> bool {
        match self {
            Self::Mail | Self::Pickup => true,
            Self::Store => false,
        }
    }
}
