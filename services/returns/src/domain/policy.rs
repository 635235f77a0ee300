//! What a policy is asked and what it answers; the policy that is built in; and the price of an
//! answer.
//!
//! A policy says yes or no and names fees. What the units are worth is never its to say: that is
//! [`price`], by the same shares as the refund itself.

use postlude_kernel::Timestamp;

use super::{
    Reason, ReasonSource,
    limits::ReturnableLine,
    order::{Order, OrderLine},
    refund::{Breakdown, next_units, share},
    return_request::{Method, RefundMethod, ReturnReason},
    terms::{BUILT_IN_WINDOW_DAYS, LineTerms, Restocking, Terms},
    window::{TransitAllowance, closes, delivered},
    withdrawal::{Withdrawal, withdrawal},
};

/// Who took a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecisionSource {
    pub(crate) plugin_id: String,
    pub(crate) plugin_version: String,
    pub(crate) component_digest: String,
    pub(crate) policy_version: String,
    pub(crate) run_id: String,
}

/// What somebody wants to send back. A line stands once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) lines: Vec<RequestedLine>,
    pub(crate) method: Method,
    pub(crate) refund_method: RefundMethod,
}

/// One line of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestedLine {
    pub(crate) line_id: String,
    pub(crate) quantity: u32,
    pub(crate) reason: ReturnReason,
    pub(crate) comment: String,
    pub(crate) unsealed: bool,
}

/// Yes, no, or a person decides; the order is that of what wins over all lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Approved,
    NeedsReview,
    Declined,
}

/// What a policy answers: one line per line of the request, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) lines: Vec<LineAnswer>,
    pub(crate) reasons: Vec<Reason>,
}

/// What a policy answers for one line. Fees in minor units, zero or positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineAnswer {
    pub(crate) outcome: Outcome,
    pub(crate) restocking_fee: i64,
    pub(crate) return_shipping_fee: i64,
    /// Whether the line's part of the outbound shipping is given back.
    pub(crate) refund_shipping: bool,
    pub(crate) statutory_withdrawal: bool,
    /// Whether the customer keeps the goods and is refunded all the same.
    pub(crate) keep_item: bool,
    pub(crate) return_by: Option<Timestamp>,
    pub(crate) reasons: Vec<Reason>,
}

/// An answer with its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) lines: Vec<AnsweredLine>,
    pub(crate) reasons: Vec<Reason>,
}

/// One line of an answer with its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnsweredLine {
    pub(crate) line_id: String,
    pub(crate) quantity: u32,
    pub(crate) outcome: Outcome,
    pub(crate) statutory_withdrawal: bool,
    pub(crate) keep_item: bool,
    pub(crate) return_by: Option<Timestamp>,
    pub(crate) refund: Breakdown,
    pub(crate) reasons: Vec<Reason>,
}

impl DecisionSource {
    /// The built-in policy of this version of the platform.
    pub(crate) fn built_in() -> Self {
        Self {
            plugin_id: "built-in".to_owned(),
            plugin_version: env!("CARGO_PKG_VERSION").to_owned(),
            component_digest: String::new(),
            policy_version: String::new(),
            run_id: String::new(),
        }
    }
}

impl DecisionSource {
    /// A person.
    pub(crate) fn operator() -> Self {
        Self {
            plugin_id: "operator".to_owned(),
            plugin_version: String::new(),
            ..Self::built_in()
        }
    }
}

impl Answered {
    /// The answer over all lines: declined if any line is, else review if any needs it.
    pub(crate) fn outcome(&self) -> Outcome {
        self.lines
            .iter()
            .map(|line| line.outcome)
            .max()
            .unwrap_or(Outcome::Declined)
    }
}

impl Answer {
    /// The same answer for every line, for one reason.
    pub(crate) fn uniform(request: &Request, outcome: Outcome, reason: &Reason) -> Self {
        let line = LineAnswer {
            outcome,
            restocking_fee: 0,
            return_shipping_fee: 0,
            refund_shipping: false,
            statutory_withdrawal: false,
            keep_item: false,
            return_by: None,
            reasons: vec![reason.clone()],
        };
        Self {
            lines: vec![line; request.lines.len()],
            reasons: vec![reason.clone()],
        }
    }
}

/// What the built-in policy answers, on the stored terms.
pub(crate) fn built_in(
    order: &Order,
    terms: &Terms,
    request: &Request,
    allowance: TransitAllowance,
    now: Timestamp,
) -> Answer {
    // The way back is charged once, on the first line that the customer has to answer for.
    let mut way_back = match request.method {
        Method::Mail | Method::Pickup => terms.return_shipping_fee,
        Method::Store => 0,
    };
    let lines: Vec<LineAnswer> = request
        .lines
        .iter()
        .map(|asked| {
            let (Some(line), Some(line_terms)) =
                (order.line(&asked.line_id), terms.line(&asked.line_id))
            else {
                return no(
                    reason("NO_TERMS", "There are no terms for this line."),
                    None,
                );
            };
            let mut answer = for_line(order, line, line_terms, asked, allowance, now);
            if answer.outcome == Outcome::Approved && !asked.reason.is_merchants_fault() {
                answer.return_shipping_fee = std::mem::take(&mut way_back);
            }
            answer
        })
        .collect();
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in lines.iter().flat_map(|line| &line.reasons) {
        if !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    Answer { lines, reasons }
}

fn for_line(
    order: &Order,
    line: &OrderLine,
    terms: &LineTerms,
    asked: &RequestedLine,
    allowance: TransitAllowance,
    now: Timestamp,
) -> LineAnswer {
    let right = if terms.withdrawal_right {
        withdrawal(order, line, asked.unsealed, allowance, now)
    } else {
        Withdrawal::NotGiven(super::withdrawal::NotGiven::CustomMade)
    };
    let closes = closes(order, terms, allowance, now);
    if asked.reason.is_merchants_fault() {
        return merchants_fault(order, line, allowance, now, closes);
    }
    let in_window = terms.window_days > 0 && closes.is_none_or(|closes| now <= closes);
    let by_law = match right {
        Withdrawal::Open(until) if asked.reason == ReturnReason::Withdrawal || !in_window => {
            Some(until)
        }
        Withdrawal::Open(_) | Withdrawal::Over(_) | Withdrawal::NotGiven(_) => None,
    };
    if let Some(until) = by_law {
        return LineAnswer {
            refund_shipping: true,
            statutory_withdrawal: true,
            ..yes(
                reason(
                    "STATUTORY_WITHDRAWAL",
                    "The law lets a consumer withdraw from a distance sale for 14 days.",
                ),
                until.max(closes),
            )
        };
    }
    let mut reasons = Vec::new();
    if asked.reason == ReturnReason::Withdrawal {
        reasons.push(match right {
            Withdrawal::Over(until) => reason(
                "WITHDRAWAL_PERIOD_OVER",
                format!("The right to withdraw ended at {until}."),
            ),
            Withdrawal::NotGiven(why) => reason("WITHDRAWAL_NOT_GIVEN", why.text()),
            Withdrawal::Open(_) => reason("STATUTORY_WITHDRAWAL", "The right to withdraw is open."),
        });
    }
    let mut answer = if in_window {
        LineAnswer {
            restocking_fee: restocking_fee(order, line, terms, asked.quantity),
            ..yes(
                reason(
                    "WITHIN_WINDOW",
                    format!("It is within the {} days from delivery.", terms.window_days),
                ),
                closes,
            )
        }
    } else if terms.final_sale {
        no(
            reason("FINAL_SALE", "Sold without the right to a change of mind."),
            closes,
        )
    } else {
        no(
            reason(
                "WINDOW_CLOSED",
                match closes {
                    Some(closes) => format!("The return window closed at {closes}."),
                    None => "The line was sold without a return window.".to_owned(),
                },
            ),
            closes,
        )
    };
    answer.reasons.splice(0..0, reasons);
    answer
}

/// What the merchant has to answer for needs no window; long after delivery a person looks at it.
fn merchants_fault(
    order: &Order,
    line: &OrderLine,
    allowance: TransitAllowance,
    now: Timestamp,
    closes: Option<Timestamp>,
) -> LineAnswer {
    let fresh_until = delivered(order, &line.line_id, allowance, now)
        .last
        .map(|last| last.plus_days(i64::from(BUILT_IN_WINDOW_DAYS)).end_of_day())
        .max(closes);
    if fresh_until.is_none_or(|until| now <= until) {
        yes(
            reason(
                "MERCHANT_FAULT",
                "The merchant answers for it: no fee, and final sale is no bar.",
            ),
            fresh_until,
        )
    } else {
        LineAnswer {
            outcome: Outcome::NeedsReview,
            ..yes(
                reason(
                    "LATE_DEFECT",
                    "It was reported after the return window: a person decides.",
                ),
                fresh_until,
            )
        }
    }
}

fn restocking_fee(order: &Order, line: &OrderLine, terms: &LineTerms, units: u32) -> i64 {
    match terms.restocking {
        Restocking::Free => 0,
        Restocking::PerUnit(fee) => fee.saturating_mul(i64::from(units)),
        Restocking::BasisPoints(points) => {
            let paid = share(
                order.currency,
                line.net.saturating_add(line.tax),
                units,
                line.quantity,
            );
            share(order.currency, paid, points, 10_000)
        }
    }
}

fn reason(code: &str, text: impl Into<String>) -> Reason {
    Reason::new(ReasonSource::BuiltIn, code, text)
}

fn yes(reason: Reason, return_by: Option<Timestamp>) -> LineAnswer {
    LineAnswer {
        outcome: Outcome::Approved,
        restocking_fee: 0,
        return_shipping_fee: 0,
        refund_shipping: false,
        statutory_withdrawal: false,
        keep_item: false,
        return_by,
        reasons: vec![reason],
    }
}

fn no(reason: Reason, return_by: Option<Timestamp>) -> LineAnswer {
    LineAnswer {
        outcome: Outcome::Declined,
        ..yes(reason, return_by)
    }
}

/// Puts the price to an answer: what the next units of each line are worth, less the fees, and with
/// `bonus` basis points where it becomes store credit.
///
/// Outbound shipping is shared over all units of the order, so that withdrawing from all of it gives
/// all of it back.
pub(crate) fn price(
    order: &Order,
    request: &Request,
    answer: &Answer,
    returnable: &[ReturnableLine],
    bonus: u32,
) -> Answered {
    let taken = |line_id: &str| {
        returnable
            .iter()
            .find(|limit| limit.line_id == line_id)
            .map_or(0, |limit| limit.allocated)
    };
    let units = order.units();
    let shipping = order.refundable_shipping();
    let mut before: u32 = returnable.iter().map(|limit| limit.allocated).sum();
    let lines = request
        .lines
        .iter()
        .zip(&answer.lines)
        .map(|(asked, line)| {
            let (net, tax) = order.line(&asked.line_id).map_or((0, 0), |sold| {
                next_units(order.currency, sold, taken(&asked.line_id), asked.quantity)
            });
            let upto = before.saturating_add(asked.quantity);
            let part = share(order.currency, shipping, upto, units).saturating_sub(share(
                order.currency,
                shipping,
                before,
                units,
            ));
            before = upto;
            let gross = Breakdown {
                net,
                tax,
                shipping: if line.refund_shipping { part } else { 0 },
                ..Breakdown::zero(order.currency)
            };
            AnsweredLine {
                line_id: asked.line_id.clone(),
                quantity: asked.quantity,
                outcome: line.outcome,
                statutory_withdrawal: line.statutory_withdrawal,
                keep_item: line.keep_item,
                return_by: line.return_by,
                refund: if line.outcome == Outcome::Declined {
                    Breakdown::zero(order.currency)
                } else {
                    let refund = gross.less_fees(line.restocking_fee, line.return_shipping_fee);
                    match request.refund_method {
                        RefundMethod::StoreCredit => refund.with_bonus(bonus),
                        RefundMethod::None => Breakdown::zero(order.currency),
                        RefundMethod::Original | RefundMethod::GiftCredit => refund,
                    }
                },
                reasons: line.reasons.clone(),
            }
        })
        .collect();
    Answered {
        lines,
        reasons: answer.reasons.clone(),
    }
}

#[cfg(test)]
mod tests;
