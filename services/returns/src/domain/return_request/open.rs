//! How a return begins.

use postlude_kernel::Timestamp;

use super::{Decided, Event, Method, Moment, Return, ReturnId, ReturnLine, ReturnLineId, State};
use crate::domain::{
    order::Order,
    policy::{Answered, DecisionSource, Outcome, Request},
};

/// What a return is opened from: the request and the policy's answer to it.
#[derive(Debug, Clone)]
pub(crate) struct Opening<'a> {
    pub(crate) order: &'a Order,
    pub(crate) request: &'a Request,
    pub(crate) answer: &'a Answered,
    pub(crate) decision: &'a DecisionSource,
    pub(crate) quote_id: &'a str,
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
            state: match answer.outcome {
                Outcome::Approved => State::Approved,
                Outcome::NeedsReview | Outcome::Declined => State::NeedsReview,
            },
            received: 0,
            disposition: None,
            refund: answer.refund,
            reasons: answer.reasons.clone(),
            inspection_note: String::new(),
        })
        .collect();
    let accepted = lines.iter().all(|line| line.state == State::Approved);
    let state = Return {
        return_id: ReturnId::generate(ids, now).into(),
        order_id: opening.order.order_id.clone(),
        customer_id: opening.order.customer_id.clone(),
        currency: opening.order.currency,
        lines,
        method: opening.request.method,
        label: None,
        refunds: Vec::new(),
        reasons: opening.answer.reasons.clone(),
        decision: opening.decision.clone(),
        quote_id: opening.quote_id.to_owned(),
        scans: Vec::new(),
        revision: 1,
        version: 1,
        created: now,
        updated: now,
        return_by: accepted.then_some(opening.return_by),
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

impl Method {
    /// Whether a parcel is sent, so that a label makes sense.
    pub(crate) const fn needs_label(self) -> bool {
        match self {
            Self::Mail => true,
            Self::Store => false,
        }
    }
}
