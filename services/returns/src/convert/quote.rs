//! A priced answer ↔ the quote that keeps it.

use postlude_kernel::{Currency, Timestamp};
use postlude_proto::returns::v1 as proto;

use super::{
    Unfit, count, count_message, optional_time, reason,
    return_request::{breakdown, breakdown_message},
    time_message, words,
};
use crate::domain::{
    policy::{Answered, AnsweredLine, DecisionSource, Request},
    refund::Breakdown,
};

/// What a quote is made from.
#[derive(Debug)]
pub(crate) struct Quoting<'a> {
    pub(crate) quote_id: String,
    pub(crate) order_id: &'a str,
    pub(crate) currency: Currency,
    pub(crate) request: &'a Request,
    pub(crate) answered: &'a Answered,
    pub(crate) decision: &'a DecisionSource,
    pub(crate) facts_digest: &'a str,
    pub(crate) expires: Timestamp,
}

/// A quote as a message.
pub(crate) fn message(quoting: &Quoting<'_>) -> proto::Quote {
    let sum = quoting
        .answered
        .lines
        .iter()
        .fold(Breakdown::zero(quoting.currency), |sum, line| {
            sum.plus(&line.refund)
        });
    proto::Quote {
        quote_id: quoting.quote_id.clone(),
        order_id: quoting.order_id.to_owned(),
        outcome: words::outcome_message(quoting.answered.outcome()).into(),
        lines: quoting.answered.lines.iter().map(line).collect(),
        refund: Some(breakdown_message(&sum)),
        reasons: reason::messages(&quoting.answered.reasons),
        decision: Some(reason::decision_message(quoting.decision)),
        facts_digest: quoting.facts_digest.to_owned(),
        expire_time: Some(time_message(quoting.expires)),
        method: words::method_message(quoting.request.method).into(),
        refund_method: words::refund_method_message(quoting.request.refund_method).into(),
    }
}

fn line(line: &AnsweredLine) -> proto::LineAnswer {
    proto::LineAnswer {
        line_id: line.line_id.clone(),
        quantity: count_message(line.quantity),
        outcome: words::outcome_message(line.outcome).into(),
        reasons: reason::messages(&line.reasons),
        return_by_time: line.return_by.map(time_message),
        refund: Some(breakdown_message(&line.refund)),
        statutory_withdrawal: line.statutory_withdrawal,
        keep_item: line.keep_item,
    }
}

/// Reads back what a quote has answered.
pub(crate) fn answered(quote: &proto::Quote) -> Result<Answered, Unfit> {
    Ok(Answered {
        lines: quote
            .lines
            .iter()
            .map(|line| {
                Ok(AnsweredLine {
                    line_id: line.line_id.clone(),
                    quantity: count("lines.quantity", line.quantity)?,
                    outcome: words::outcome("lines.outcome", line.outcome)?,
                    statutory_withdrawal: line.statutory_withdrawal,
                    keep_item: line.keep_item,
                    return_by: optional_time("lines.return_by_time", line.return_by_time.as_ref())?,
                    refund: breakdown("lines.refund", line.refund.as_ref())?,
                    reasons: reason::parse_all(line.reasons.clone()),
                })
            })
            .collect::<Result<_, Unfit>>()?,
        reasons: reason::parse_all(quote.reasons.clone()),
    })
}
