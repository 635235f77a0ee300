//! What a line is sold under.

use postlude_plugin_sdk::return_policy::{
    BuyerKind, Channel, LineTerms, Order, OrderLine, OrderTerms, RestockingFee, WithdrawalExemption,
};

use crate::{
    settings::Settings,
    words::{money, percent, reason},
};

/// The terms of an order.
#[must_use]
pub fn of(order: &Order, settings: &Settings) -> OrderTerms {
    let fee = settings
        .return_shipping_fee
        .get(&order.currency_code)
        .unwrap_or(0);
    OrderTerms {
        lines: order
            .lines
            .iter()
            .map(|line| line_terms(order, line, settings))
            .collect(),
        return_shipping_fee: money(fee, &order.currency_code),
    }
}

fn line_terms(order: &Order, line: &OrderLine, settings: &Settings) -> LineTerms {
    let (rule, own) = settings.rule(&line.category);
    let final_sale = line.final_sale || rule.final_sale;
    let mut reasons = Vec::new();
    let window_days = if final_sale {
        reasons.push(reason(
            "FINAL_SALE",
            "Sold as final: a change of mind is not accepted, a fault always is.",
        ));
        0
    } else if own {
        reasons.push(reason(
            "CATEGORY_WINDOW",
            format!(
                "Goods of the category \"{}\" may come back within {} days of delivery.",
                plain(&line.category),
                rule.window_days
            ),
        ));
        rule.window_days
    } else {
        reasons.push(reason(
            "SHOP_WINDOW",
            format!(
                "Goods may come back within {} days of delivery.",
                rule.window_days
            ),
        ));
        rule.window_days
    };
    let withdrawal_right = may_withdraw(order, line, settings);
    if withdrawal_right {
        reasons.push(reason(
            "STATUTORY_WITHDRAWAL",
            "A consumer may withdraw from this distance sale within 14 days of the order's last delivery.",
        ));
    }
    let restocking_fee = match rule.restocking_basis_points {
        0 => RestockingFee::Free,
        points => {
            reasons.push(reason(
                "RESTOCKING_FEE",
                format!("{} are kept for restocking.", percent(points)),
            ));
            RestockingFee::BasisPoints(points)
        }
    };
    LineTerms {
        line_id: line.line_id.clone(),
        window_days,
        final_sale,
        withdrawal_right,
        restocking_fee,
        reasons,
    }
}

/// Whether the law may give the buyer a withdrawal. A seal decides only when it is broken.
fn may_withdraw(order: &Order, line: &OrderLine, settings: &Settings) -> bool {
    let exempt = matches!(
        line.withdrawal_exemption,
        WithdrawalExemption::CustomMade | WithdrawalExemption::Perishable
    );
    order.buyer_kind == BuyerKind::Consumer
        && order.channel != Channel::Store
        && !exempt
        && settings.withdrawal.countries.contains(&order.country_code)
}

/// A retailer's word as it may stand in a sentence.
pub(crate) fn plain(word: &str) -> String {
    word.chars()
        .filter(|character| !character.is_control())
        .take(60)
        .collect()
}
