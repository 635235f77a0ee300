//! What becomes of a request.
//!
//! Per line, the first rule that fits: the merchant's fault, a statutory withdrawal, a change of
//! mind in the stored window. Then, over all lines, what a person should see first. Fees are the
//! lower of what was promised and what is asked today: later settings may be kinder, never stricter.

use postlude_plugin_sdk::return_policy::{
    CallContext, Decision, Facts, LineDecision, LineTerms, OrderLine, OrderTerms, Outcome, Reason,
    RequestLine, RestockingFee, ReturnMethod, ReturnReason, WithdrawalExemption,
};

use crate::{
    calendar::{self, DAY_MICROS},
    settings::Settings,
    words::{amount, money, percent, reason},
};

const WITHDRAWAL_DAYS: i64 = 14;

/// One line, before fees and reviews.
struct Draft<'a> {
    asked: &'a RequestLine,
    outcome: Outcome,
    restocking: i64,
    pays_way_back: bool,
    refund_shipping: bool,
    statutory: bool,
    return_by: Option<i64>,
    reasons: Vec<Reason>,
}

/// The decision.
#[must_use]
pub fn decide(
    context: &CallContext,
    facts: &Facts,
    terms: &OrderTerms,
    settings: &Settings,
) -> Decision {
    let mut drafts: Vec<Draft<'_>> = facts
        .request
        .iter()
        .map(|asked| draft(context, facts, terms, settings, asked))
        .collect();
    let seen = review(facts, settings, &mut drafts);
    let mut way_back = way_back_fee(facts, terms, settings);
    let lines: Vec<LineDecision> = drafts
        .into_iter()
        .map(|draft| finish(draft, facts, settings, &mut way_back))
        .collect();
    let reasons = if seen.is_empty() {
        vec![summary(&lines)]
    } else {
        seen
    };
    Decision { lines, reasons }
}

fn draft<'a>(
    context: &CallContext,
    facts: &Facts,
    terms: &OrderTerms,
    settings: &Settings,
    asked: &'a RequestLine,
) -> Draft<'a> {
    let bought = facts
        .order
        .lines
        .iter()
        .find(|line| line.line_id == asked.line_id);
    let promised = terms
        .lines
        .iter()
        .find(|line| line.line_id == asked.line_id);
    let mut draft = Draft {
        asked,
        outcome: Outcome::Decline,
        restocking: 0,
        pays_way_back: false,
        refund_shipping: false,
        statutory: false,
        return_by: None,
        reasons: Vec::new(),
    };
    let (Some(bought), Some(promised)) = (bought, promised) else {
        draft
            .reasons
            .push(reason("LINE_UNKNOWN", "The order has no such line."));
        return draft;
    };
    let left = asked
        .delivered_quantity
        .saturating_sub(asked.returned_quantity);
    if asked.delivered_quantity == 0 {
        draft.outcome = Outcome::Review;
        draft.reasons.push(reason(
            "NOT_DELIVERED",
            "No delivery of these goods is known yet.",
        ));
    } else if asked.quantity > left {
        draft.reasons.push(reason(
            "QUANTITY_NOT_AVAILABLE",
            format!(
                "{} were asked for and {left} can still come back.",
                asked.quantity
            ),
        ));
    } else if asked.reason.is_merchants_fault() {
        fault(&mut draft, context, settings);
    } else if !withdrawal(&mut draft, context, facts, settings, bought, promised) {
        change_of_mind(&mut draft, context, settings, bought, promised);
    }
    draft
}

fn fault(draft: &mut Draft<'_>, context: &CallContext, settings: &Settings) {
    let age = draft
        .asked
        .delivered_micros
        .map_or(0, |delivered| context.now_micros.saturating_sub(delivered));
    if age > i64::from(settings.fault_days) * DAY_MICROS {
        draft.outcome = Outcome::Review;
        draft.reasons.push(reason(
            "FAULT_REPORTED_LATE",
            format!(
                "The fault is reported more than {} days after delivery.",
                settings.fault_days
            ),
        ));
        return;
    }
    draft.outcome = Outcome::Approve;
    draft.refund_shipping = true;
    draft.reasons.push(reason(
        "MERCHANT_FAULT",
        "The shop is at fault: no fee is kept, whatever the goods were sold under.",
    ));
}

/// Whether the law gives this return; if so, the draft says it.
fn withdrawal(
    draft: &mut Draft<'_>,
    context: &CallContext,
    facts: &Facts,
    settings: &Settings,
    bought: &OrderLine,
    promised: &LineTerms,
) -> bool {
    let meant = draft.asked.reason == ReturnReason::Withdrawal
        || settings.withdrawal.includes_change_of_mind;
    if !meant || !promised.withdrawal_right || is_unsealed(draft.asked, bought) {
        return false;
    }
    let deadline = facts.last_delivered_micros.map(|last| {
        let offset = context.utc_offset_minutes;
        let holidays = settings.withdrawal.holidays_in(&facts.order.country_code);
        let day = calendar::day_of(last, offset).saturating_add(WITHDRAWAL_DAYS);
        calendar::end_of(calendar::working_day(day, holidays), offset)
    });
    // While goods are missing, the period hasn't begun.
    if deadline.is_some_and(|deadline| context.now_micros > deadline) {
        return false;
    }
    draft.outcome = Outcome::Approve;
    draft.statutory = true;
    draft.refund_shipping = true;
    draft.pays_way_back = settings.withdrawal.charge_return_shipping;
    draft.return_by = later(
        deadline,
        window_end(context, draft.asked, promised.window_days),
    );
    draft.reasons.push(reason(
        "STATUTORY_WITHDRAWAL",
        match deadline {
            Some(deadline) => format!(
                "The consumer withdraws from a distance sale in time, which is until {}.",
                date(deadline, context)
            ),
            None => "The consumer withdraws from a distance sale before all of it has arrived."
                .to_owned(),
        },
    ));
    true
}

fn change_of_mind(
    draft: &mut Draft<'_>,
    context: &CallContext,
    settings: &Settings,
    bought: &OrderLine,
    promised: &LineTerms,
) {
    let end = window_end(context, draft.asked, promised.window_days);
    if is_unsealed(draft.asked, bought) {
        draft.reasons.push(reason(
            "SEAL_BROKEN",
            "The seal is broken: such goods come back with their seal, or with a fault.",
        ));
    } else if promised.final_sale {
        draft.reasons.push(reason(
            "FINAL_SALE",
            "Sold as final: a change of mind is not accepted, a fault always is.",
        ));
    } else if promised.window_days == 0 {
        draft.reasons.push(reason(
            "NO_CHANGE_OF_MIND",
            "These goods are sold without the right to a change of mind.",
        ));
    } else if let Some(end) = end.filter(|end| context.now_micros > *end) {
        draft.reasons.push(reason(
            "WINDOW_CLOSED",
            format!(
                "The window of {} days ended on {}.",
                promised.window_days,
                date(end, context)
            ),
        ));
    } else {
        draft.outcome = Outcome::Approve;
        draft.pays_way_back = true;
        draft.return_by = end;
        draft.reasons.push(reason(
            "WITHIN_WINDOW",
            format!("Within the window of {} days.", promised.window_days),
        ));
        restock(draft, settings, bought, promised);
    }
}

fn restock(draft: &mut Draft<'_>, settings: &Settings, bought: &OrderLine, promised: &LineTerms) {
    let today = settings.rule(&bought.category).0.restocking_basis_points;
    let fee = match &promised.restocking_fee {
        RestockingFee::Free => 0,
        RestockingFee::BasisPoints(points) => {
            let points = (*points).min(today);
            let fee = share(draft.asked.paid_minor, points);
            if fee > 0 {
                draft.reasons.push(reason(
                    "RESTOCKING_FEE",
                    format!("{} are kept for restocking.", percent(points)),
                ));
            }
            fee
        }
        RestockingFee::PerUnit(per_unit) => {
            let fee = per_unit
                .amount_minor
                .saturating_mul(i64::from(draft.asked.quantity))
                .min(draft.asked.paid_minor.max(0));
            if fee > 0 {
                draft.reasons.push(reason(
                    "RESTOCKING_FEE",
                    format!(
                        "{} are kept for restocking.",
                        amount(fee, &per_unit.currency_code)
                    ),
                ));
            }
            fee
        }
    };
    draft.restocking = fee;
}

/// What a person should see first. A withdrawal in time isn't the shop's to judge.
fn review(facts: &Facts, settings: &Settings, drafts: &mut [Draft<'_>]) -> Vec<Reason> {
    let currency = &facts.order.currency_code;
    let mut seen = Vec::new();
    let value = drafts
        .iter()
        .filter(|draft| draft.outcome == Outcome::Approve)
        .fold(0_i64, |sum, draft| {
            sum.saturating_add(draft.asked.paid_minor)
        });
    let limit = settings.review_above.get(currency);
    if let Some(limit) = limit.filter(|limit| value > *limit) {
        seen.push(reason(
            "VALUE_ABOVE_LIMIT",
            format!(
                "{} would be paid back; above {} a person decides.",
                amount(value, currency),
                amount(limit, currency)
            ),
        ));
    }
    if let Some(limit) = settings.frequent_returns {
        let customer = &facts.customer;
        let many = u64::from(customer.return_count) * 100
            >= u64::from(customer.order_count) * u64::from(limit.percent);
        if customer.order_count >= limit.min_orders && many {
            seen.push(reason(
                "FREQUENT_RETURNS",
                format!(
                    "{} returns for {} orders in twelve months: a person decides.",
                    customer.return_count, customer.order_count
                ),
            ));
        }
    }
    let mut moved = false;
    if !seen.is_empty() {
        for draft in drafts.iter_mut() {
            if draft.outcome == Outcome::Approve && !draft.statutory {
                draft.outcome = Outcome::Review;
                draft.reasons.extend(seen.iter().cloned());
                moved = true;
            }
        }
    }
    if moved { seen } else { Vec::new() }
}

/// What the way back costs now, once.
fn way_back_fee(facts: &Facts, terms: &OrderTerms, settings: &Settings) -> i64 {
    if facts.method == ReturnMethod::Store {
        return 0;
    }
    let today = settings
        .return_shipping_fee
        .get(&facts.order.currency_code)
        .unwrap_or(0);
    terms.return_shipping_fee.amount_minor.min(today).max(0)
}

fn finish(
    mut draft: Draft<'_>,
    facts: &Facts,
    settings: &Settings,
    way_back: &mut i64,
) -> LineDecision {
    let currency = &facts.order.currency_code;
    let goes_on = draft.outcome != Outcome::Decline;
    let paid = draft.asked.paid_minor.max(0);
    let worth_sending = settings.keep_item_up_to.get(currency).unwrap_or(-1);
    let keep_item = draft.outcome == Outcome::Approve && paid <= worth_sending;
    if keep_item {
        draft.reasons.push(reason(
            "KEEP_ITEM",
            format!(
                "Goods worth {} or less need not be sent back.",
                amount(worth_sending, currency)
            ),
        ));
    }
    let restocking = if goes_on && !keep_item {
        draft.restocking.min(paid)
    } else {
        0
    };
    let mut shipping = 0;
    if goes_on && !keep_item && draft.pays_way_back && *way_back > 0 {
        shipping = (*way_back).min(paid - restocking);
        *way_back -= shipping;
        draft.reasons.push(reason(
            "RETURN_SHIPPING_FEE",
            format!(
                "The way back costs {}, once per return.",
                amount(shipping, currency)
            ),
        ));
    }
    LineDecision {
        line_id: draft.asked.line_id.clone(),
        outcome: draft.outcome,
        restocking_fee: money(restocking, currency),
        return_shipping_fee: money(shipping, currency),
        refund_shipping: goes_on && draft.refund_shipping,
        keep_item,
        statutory_withdrawal: goes_on && draft.statutory,
        return_by_micros: draft.return_by,
        reasons: draft.reasons,
    }
}

fn summary(lines: &[LineDecision]) -> Reason {
    if lines.iter().any(|line| line.outcome == Outcome::Review) {
        reason("NEEDS_REVIEW", "A person decides.")
    } else if lines.iter().any(|line| line.outcome == Outcome::Decline) {
        reason(
            "DECLINED_BY_RULE",
            "At least one line can't come back under the shop's rules.",
        )
    } else {
        reason(
            "AUTO_APPROVED",
            "Every line may come back under the shop's rules.",
        )
    }
}

fn is_unsealed(asked: &RequestLine, bought: &OrderLine) -> bool {
    asked.unsealed
        && matches!(
            bought.withdrawal_exemption,
            WithdrawalExemption::SealedHygiene | WithdrawalExemption::SealedMedia
        )
}

/// The end of the day on which the window closes; none while delivery isn't known.
fn window_end(context: &CallContext, asked: &RequestLine, days: u32) -> Option<i64> {
    let offset = context.utc_offset_minutes;
    asked.delivered_micros.map(|delivered| {
        let day = calendar::day_of(delivered, offset).saturating_add(i64::from(days));
        calendar::end_of(day, offset)
    })
}

fn later(first: Option<i64>, second: Option<i64>) -> Option<i64> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.max(second)),
        (first, second) => first.or(second),
    }
}

fn date(micros: i64, context: &CallContext) -> String {
    calendar::text(calendar::day_of(micros, context.utc_offset_minutes))
}

/// floor(amount · points / 10,000).
fn share(amount: i64, points: u32) -> i64 {
    let share = i128::from(amount.max(0)) * i128::from(points) / 10_000;
    i64::try_from(share).unwrap_or(0)
}
