//! The rules that an answer must keep, whoever wrote the plugin.
//!
//! A broken rule is a fault of the plugin: the error names the field and the rule.

use postlude_kernel::{Currency, Timestamp};
use postlude_proto::{
    runs::v1::{
        ReturnPolicyDecision, ReturnPolicyLineDecision, ReturnPolicyLineTerms, ReturnPolicyTerms,
        return_policy_line_decision, return_policy_line_terms,
    },
    r#type::v1::Money,
};

use super::types::{
    Decision, Facts, LineDecision, LineTerms, Order, OrderTerms, Outcome, RequestLine,
    RestockingFee, ReturnMethod, ReturnReason, WithdrawalExemption,
};
use crate::{
    check::{Broken, broken, one_each, reasons},
    context::CallContext,
};

const DAY_MICROS: i64 = 86_400_000_000;
/// Days of the statutory withdrawal, before working days are looked at.
const WITHDRAWAL_DAYS: u32 = 14;
const MAX_WINDOW_DAYS: u32 = 3_650;
const MAX_BASIS_POINTS: u32 = 10_000;

/// The ids of what was said, line by line.
fn ids<L>(lines: &[L], id: impl Fn(&L) -> &String) -> Vec<&str> {
    lines.iter().map(|line| id(line).as_str()).collect()
}

/// Terms as they may be stored.
pub(super) fn terms(order: &Order, said: ReturnPolicyTerms) -> Result<OrderTerms, Broken> {
    one_each(
        "lines",
        "order",
        &ids(&said.lines, |line| &line.line_id),
        order.lines.iter().map(|line| line.line_id.as_str()),
    )?;
    let return_shipping_fee_minor = amount(
        "return_shipping_fee",
        said.return_shipping_fee.as_ref(),
        order.currency,
    )?;
    let lines = said
        .lines
        .into_iter()
        .enumerate()
        .map(|(index, said)| line_terms(&format!("lines[{index}]"), order.currency, said))
        .collect::<Result<_, _>>()?;
    Ok(OrderTerms {
        lines,
        return_shipping_fee_minor,
    })
}

fn line_terms(
    at: &str,
    currency: Currency,
    said: ReturnPolicyLineTerms,
) -> Result<LineTerms, Broken> {
    use return_policy_line_terms::RestockingFee as Fee;
    if said.window_days > MAX_WINDOW_DAYS {
        return broken(
            format!("{at}.window_days"),
            format!("is {}, and {MAX_WINDOW_DAYS} at most", said.window_days),
        );
    }
    let restocking_fee = match said.restocking_fee {
        None => RestockingFee::Free,
        Some(Fee::RestockingBasisPoints(points)) if points > MAX_BASIS_POINTS => {
            return broken(
                format!("{at}.restocking_fee"),
                format!("is {points} basis points, and {MAX_BASIS_POINTS} at most"),
            );
        }
        Some(Fee::RestockingBasisPoints(points)) => RestockingFee::BasisPoints(points),
        Some(Fee::RestockingPerUnit(fee)) => RestockingFee::PerUnitMinor(amount(
            &format!("{at}.restocking_fee"),
            Some(&fee),
            currency,
        )?),
    };
    Ok(LineTerms {
        restocking_fee,
        reasons: reasons(&format!("{at}.reasons"), said.reasons)?,
        line_id: said.line_id,
        window_days: said.window_days,
        final_sale: said.final_sale,
        withdrawal_right: said.withdrawal_right,
    })
}

/// A decision as it may be used: in the order's currency, never paying back more than was paid,
/// never stricter than what the customer was promised.
pub(super) fn decision(
    context: &CallContext,
    facts: &Facts,
    terms: &OrderTerms,
    said: ReturnPolicyDecision,
) -> Result<Decision, Broken> {
    one_each(
        "lines",
        "request",
        &ids(&said.lines, |line| &line.line_id),
        facts.request.iter().map(|line| line.line_id.as_str()),
    )?;
    let mut lines = Vec::with_capacity(said.lines.len());
    let mut shipping_fees: i64 = 0;
    for (index, (said, asked)) in said.lines.into_iter().zip(&facts.request).enumerate() {
        let at = format!("lines[{index}]");
        let line = line_decision(&at, facts.order.currency, said)?;
        let promised = terms
            .lines
            .iter()
            .find(|terms| terms.line_id == asked.line_id);
        money_rules(&at, facts, promised, asked, &line)?;
        if let Some(promised) = promised {
            promises(&at, context, facts, promised, asked, &line)?;
        }
        shipping_fees = shipping_fees.saturating_add(line.return_shipping_fee_minor);
        lines.push(line);
    }
    if shipping_fees > terms.return_shipping_fee_minor {
        return broken(
            "lines.return_shipping_fee",
            format!(
                "adds up to {shipping_fees}, and the stored terms allow {}",
                terms.return_shipping_fee_minor
            ),
        );
    }
    Ok(Decision {
        lines,
        reasons: reasons("reasons", said.reasons)?,
    })
}

fn line_decision(
    at: &str,
    currency: Currency,
    said: ReturnPolicyLineDecision,
) -> Result<LineDecision, Broken> {
    let outcome = match said.outcome() {
        return_policy_line_decision::Outcome::Approve => Outcome::Approve,
        return_policy_line_decision::Outcome::Decline => Outcome::Decline,
        return_policy_line_decision::Outcome::Review => Outcome::Review,
        return_policy_line_decision::Outcome::Unspecified => {
            return broken(format!("{at}.outcome"), "isn't known");
        }
    };
    Ok(LineDecision {
        outcome,
        restocking_fee_minor: amount(
            &format!("{at}.restocking_fee"),
            said.restocking_fee.as_ref(),
            currency,
        )?,
        return_shipping_fee_minor: amount(
            &format!("{at}.return_shipping_fee"),
            said.return_shipping_fee.as_ref(),
            currency,
        )?,
        refund_shipping: said.refund_shipping,
        keep_item: said.keep_item,
        statutory_withdrawal: said.statutory_withdrawal,
        return_by: said.return_by_micros.map(Timestamp::from_micros),
        reasons: reasons(&format!("{at}.reasons"), said.reasons)?,
        line_id: said.line_id,
    })
}

fn money_rules(
    at: &str,
    facts: &Facts,
    promised: Option<&LineTerms>,
    asked: &RequestLine,
    line: &LineDecision,
) -> Result<(), Broken> {
    let bought = facts
        .order
        .lines
        .iter()
        .find(|bought| bought.line_id == asked.line_id);
    let left = bought.map_or(0, |bought| {
        bought.quantity.saturating_sub(asked.returned_quantity)
    });
    if line.outcome == Outcome::Approve && asked.quantity > left {
        return broken(
            format!("{at}.outcome"),
            format!("approves {} units where {left} are left", asked.quantity),
        );
    }
    let fees = line
        .restocking_fee_minor
        .saturating_add(line.return_shipping_fee_minor);
    if fees > asked.paid_minor.max(0) {
        return broken(
            format!("{at}.restocking_fee"),
            format!(
                "and the way back cost {fees} where {} was paid",
                asked.paid_minor
            ),
        );
    }
    if line.outcome == Outcome::Decline && (fees > 0 || line.refund_shipping) {
        return broken(format!("{at}.outcome"), "declines and yet moves money");
    }
    if line.keep_item && line.outcome != Outcome::Approve {
        return broken(
            format!("{at}.keep_item"),
            "lets the customer keep what it doesn't approve",
        );
    }
    if line.keep_item && line.return_shipping_fee_minor > 0 {
        return broken(
            format!("{at}.return_shipping_fee"),
            "is charged for goods that stay with the customer",
        );
    }
    if asked.reason.is_merchants_fault() && fees > 0 {
        return broken(
            format!("{at}.restocking_fee"),
            "or the way back is charged where the merchant is at fault",
        );
    }
    if line.statutory_withdrawal && line.restocking_fee_minor > 0 {
        return broken(
            format!("{at}.restocking_fee"),
            "is charged for a statutory withdrawal",
        );
    }
    if line.return_shipping_fee_minor > 0 && facts.method == ReturnMethod::Store {
        return broken(
            format!("{at}.return_shipping_fee"),
            "is charged for goods that are handed over in a shop",
        );
    }
    let limit = promised.map_or(0, |promised| {
        restocking_limit(promised.restocking_fee, asked)
    });
    if line.restocking_fee_minor > limit {
        return broken(
            format!("{at}.restocking_fee"),
            format!(
                "is {}, and the stored terms allow {limit}",
                line.restocking_fee_minor
            ),
        );
    }
    Ok(())
}

fn restocking_limit(fee: RestockingFee, asked: &RequestLine) -> i64 {
    match fee {
        RestockingFee::Free => 0,
        RestockingFee::BasisPoints(points) => {
            let share = i128::from(asked.paid_minor.max(0)) * i128::from(points)
                / i128::from(MAX_BASIS_POINTS);
            i64::try_from(share).unwrap_or(i64::MAX)
        }
        RestockingFee::PerUnitMinor(minor) => minor.saturating_mul(i64::from(asked.quantity)),
    }
}

/// A later policy may be kinder, never stricter.
fn promises(
    at: &str,
    context: &CallContext,
    facts: &Facts,
    promised: &LineTerms,
    asked: &RequestLine,
    line: &LineDecision,
) -> Result<(), Broken> {
    let window_end = asked
        .delivered
        .map(|delivered| after_days(delivered, promised.window_days));
    if let (Some(by), Some(end)) = (line.return_by, window_end)
        && line.outcome != Outcome::Decline
        && by < end
    {
        return broken(
            format!("{at}.return_by"),
            format!("is {by}, and the stored terms give until {end}"),
        );
    }
    let available = asked.quantity
        <= asked
            .delivered_quantity
            .saturating_sub(asked.returned_quantity);
    if line.outcome != Outcome::Decline || !available {
        return Ok(());
    }
    let exemption = facts
        .order
        .lines
        .iter()
        .find(|bought| bought.line_id == asked.line_id)
        .map_or(WithdrawalExemption::None, |bought| {
            bought.withdrawal_exemption
        });
    let seal_broken = asked.unsealed
        && matches!(
            exemption,
            WithdrawalExemption::SealedHygiene | WithdrawalExemption::SealedMedia
        );
    if seal_broken {
        return Ok(());
    }
    let minds = matches!(
        asked.reason,
        ReturnReason::ChangedMind | ReturnReason::WrongSize | ReturnReason::Withdrawal
    );
    if minds
        && promised.window_days > 0
        && !promised.final_sale
        && window_end.is_some_and(|end| context.now <= end)
    {
        return broken(
            format!("{at}.outcome"),
            format!(
                "declines within the {} days that the stored terms give",
                promised.window_days
            ),
        );
    }
    let may_withdraw = facts
        .last_delivered
        .is_none_or(|last| context.now <= after_days(last, WITHDRAWAL_DAYS));
    if asked.reason == ReturnReason::Withdrawal && promised.withdrawal_right && may_withdraw {
        return broken(
            format!("{at}.outcome"),
            "declines a withdrawal that the stored terms give",
        );
    }
    Ok(())
}

fn after_days(start: Timestamp, days: u32) -> Timestamp {
    let micros = i64::from(days).saturating_mul(DAY_MICROS);
    Timestamp::from_micros(start.as_micros().saturating_add(micros))
}

fn amount(field: &str, money: Option<&Money>, currency: Currency) -> Result<i64, Broken> {
    let Some(money) = money else {
        return broken(field, "is missing");
    };
    if money.currency_code != currency.as_str() {
        return broken(
            field,
            format!(
                "is in `{}`, and the order is in {currency}",
                money.currency_code.escape_debug()
            ),
        );
    }
    if money.amount_minor < 0 {
        return broken(field, format!("is {}, below zero", money.amount_minor));
    }
    Ok(money.amount_minor)
}
