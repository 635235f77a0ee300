//! How much is paid back: cumulative shares less fees, so that any split adds up.
//!
//! Per component the first k units of a line are worth floor(total·k/quantity); a refund is that,
//! less what earlier refunds have taken. What is given in goods is taken off; a sum below zero is a
//! charge.

use postlude_kernel::{Currency, Money};

use super::{
    limits::{RefundablePayment, ReturnableLine},
    order::{Order, OrderLine},
    return_request::ReturnLine,
};

/// What a refund is made of, in minor units of one currency. Fees, and the price of what is given in
/// goods, are zero or negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breakdown {
    pub(crate) currency: Currency,
    pub(crate) net: i64,
    pub(crate) tax: i64,
    pub(crate) shipping: i64,
    pub(crate) restocking_fee: i64,
    pub(crate) return_shipping_fee: i64,
    /// On top of store credit; no limit counts it.
    pub(crate) bonus: i64,
    pub(crate) goodwill: i64,
    pub(crate) replacement: i64,
}

/// What one line of a return takes out of its order line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allocation {
    pub(crate) line_id: String,
    pub(crate) units: u32,
    pub(crate) net: i64,
    pub(crate) tax: i64,
    pub(crate) shipping: i64,
}

/// A refund that keeps within both limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The exchange that it settles, if any.
    pub(crate) exchange_id: Option<String>,
    pub(crate) breakdown: Breakdown,
    /// Per return line, by its id.
    pub(crate) lines: Vec<(String, Breakdown)>,
    pub(crate) allocations: Vec<Allocation>,
}

/// Why nothing is refunded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefundRefused {
    /// The payment is disputed: the bank decides first.
    #[error("a dispute over the payment is open")]
    Disputed,
    /// More than is left of what was captured.
    #[error("the refund of {requested} exceeds what is left of the captured amount: {available}")]
    ExceedsCaptured { requested: Money, available: Money },
    /// The order was replaced by one without the line.
    #[error("the order has no line `{0}` any more")]
    LineGone(String),
}

impl Breakdown {
    pub(crate) const fn zero(currency: Currency) -> Self {
        Self {
            currency,
            net: 0,
            tax: 0,
            shipping: 0,
            restocking_fee: 0,
            return_shipping_fee: 0,
            bonus: 0,
            goodwill: 0,
            replacement: 0,
        }
    }

    /// The sum of all components; below zero it is a charge.
    pub(crate) fn total(&self) -> i64 {
        [
            self.net,
            self.tax,
            self.shipping,
            self.restocking_fee,
            self.return_shipping_fee,
            self.bonus,
            self.goodwill,
            self.replacement,
        ]
        .into_iter()
        .fold(0, i64::saturating_add)
    }

    /// What it takes out of the captured money: neither a bonus nor a charge does.
    pub(crate) fn captured_part(&self) -> i64 {
        self.total().saturating_sub(self.bonus).max(0)
    }

    /// With a bonus of so many basis points on the sum, rounded down.
    pub(crate) fn with_bonus(mut self, basis_points: u32) -> Self {
        self.bonus = share(self.currency, self.total().max(0), basis_points, 10_000);
        self
    }

    /// Takes fees off, never more than there is: restocking first, then the way back.
    pub(crate) fn less_fees(mut self, restocking: i64, return_shipping: i64) -> Self {
        let restocking = restocking.clamp(0, self.total().max(0));
        self.restocking_fee = self.restocking_fee.saturating_sub(restocking);
        let return_shipping = return_shipping.clamp(0, self.total().max(0));
        self.return_shipping_fee = self.return_shipping_fee.saturating_sub(return_shipping);
        self
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            currency: self.currency,
            net: self.net.saturating_add(other.net),
            tax: self.tax.saturating_add(other.tax),
            shipping: self.shipping.saturating_add(other.shipping),
            restocking_fee: self.restocking_fee.saturating_add(other.restocking_fee),
            return_shipping_fee: self
                .return_shipping_fee
                .saturating_add(other.return_shipping_fee),
            bonus: self.bonus.saturating_add(other.bonus),
            goodwill: self.goodwill.saturating_add(other.goodwill),
            replacement: self.replacement.saturating_add(other.replacement),
        }
    }

    /// The share of the first `units` of `quantity`, and the rest; both add up to this.
    pub(crate) fn split(&self, units: u32, quantity: u32) -> (Self, Self) {
        let cut = |amount: i64| {
            let first = share(self.currency, amount, units, quantity);
            (first, amount.saturating_sub(first))
        };
        let (net, tax, shipping) = (cut(self.net), cut(self.tax), cut(self.shipping));
        let (bonus, goodwill) = (cut(self.bonus), cut(self.goodwill));
        // Fees are cut by their size, so that the floor doesn't grow them.
        let fee = |amount: i64| {
            let (first, rest) = cut(amount.saturating_neg());
            (first.saturating_neg(), rest.saturating_neg())
        };
        let (restocking, way_back) = (fee(self.restocking_fee), fee(self.return_shipping_fee));
        let replacement = fee(self.replacement);
        (
            Self {
                currency: self.currency,
                net: net.0,
                tax: tax.0,
                shipping: shipping.0,
                restocking_fee: restocking.0,
                return_shipping_fee: way_back.0,
                bonus: bonus.0,
                goodwill: goodwill.0,
                replacement: replacement.0,
            },
            Self {
                currency: self.currency,
                net: net.1,
                tax: tax.1,
                shipping: shipping.1,
                restocking_fee: restocking.1,
                return_shipping_fee: way_back.1,
                bonus: bonus.1,
                goodwill: goodwill.1,
                replacement: replacement.1,
            },
        )
    }
}

/// floor(amount · units / quantity).
pub(crate) fn share(currency: Currency, amount: i64, units: u32, quantity: u32) -> i64 {
    Money::new(currency, amount)
        .share_of_first(units, quantity)
        .amount_minor
}

/// Net and tax of the next `units` of a line, after the first `taken`.
pub(crate) fn next_units(
    currency: Currency,
    line: &OrderLine,
    taken: u32,
    units: u32,
) -> (i64, i64) {
    let upto = taken.saturating_add(units);
    let part = |amount| {
        share(currency, amount, upto, line.quantity).saturating_sub(share(
            currency,
            amount,
            taken,
            line.quantity,
        ))
    };
    (part(line.net), part(line.tax))
}

/// What a plan pays for.
#[derive(Debug, Clone)]
pub(crate) struct Due<'a> {
    /// The exchange that is settled, with the price of what is given.
    pub(crate) exchange: Option<(&'a str, i64)>,
    pub(crate) lines: Vec<&'a ReturnLine>,
}

/// Computes the refund of judged lines and takes it out of both limits.
///
/// # Errors
/// [`RefundRefused`]; then both limits are as they were.
pub(crate) fn plan(
    order: &Order,
    due: &Due<'_>,
    returnable: &mut [ReturnableLine],
    payment: &mut RefundablePayment,
) -> Result<Plan, RefundRefused> {
    if payment.disputed {
        return Err(RefundRefused::Disputed);
    }
    let before = returnable.to_vec();
    let planned = allocate(order, due, returnable, payment)
        .and_then(|plan| take(plan, payment, order.currency));
    if planned.is_err() {
        returnable.clone_from_slice(&before);
    }
    planned
}

/// A favour: money with no goods behind it.
///
/// # Errors
/// [`RefundRefused`]; then the limit is as it was.
pub(crate) fn goodwill(
    currency: Currency,
    amount: i64,
    payment: &mut RefundablePayment,
) -> Result<Plan, RefundRefused> {
    if payment.disputed {
        return Err(RefundRefused::Disputed);
    }
    let plan = Plan {
        exchange_id: None,
        breakdown: Breakdown {
            goodwill: amount,
            ..Breakdown::zero(currency)
        },
        lines: Vec::new(),
        allocations: Vec::new(),
    };
    take(plan, payment, currency)
}

/// What the lines are worth, taken out of the units' limits.
fn allocate(
    order: &Order,
    due: &Due<'_>,
    returnable: &mut [ReturnableLine],
    payment: &RefundablePayment,
) -> Result<Plan, RefundRefused> {
    let currency = order.currency;
    let mut plan = Plan {
        exchange_id: due.exchange.map(|(id, _)| id.to_owned()),
        breakdown: Breakdown {
            replacement: due.exchange.map_or(0, |(_, price)| price.saturating_neg()),
            ..Breakdown::zero(currency)
        },
        lines: Vec::new(),
        allocations: Vec::new(),
    };
    let mut shipping_left = order
        .refundable_shipping()
        .saturating_sub(payment.shipping_allocated)
        .max(0);
    for line in &due.lines {
        let sold = order.line(&line.line_id);
        let limit = returnable
            .iter_mut()
            .find(|limit| limit.line_id == line.line_id);
        let (Some(sold), Some(limit)) = (sold, limit) else {
            return Err(RefundRefused::LineGone(line.line_id.clone()));
        };
        let upto = limit.refunded_units.saturating_add(line.quantity);
        let net = share(currency, sold.net, upto, sold.quantity)
            .saturating_sub(limit.refunded_net)
            .max(0);
        let tax = share(currency, sold.tax, upto, sold.quantity)
            .saturating_sub(limit.refunded_tax)
            .max(0);
        let shipping = line.refund.shipping.clamp(0, shipping_left);
        shipping_left = shipping_left.saturating_sub(shipping);
        limit.refunded_units = upto;
        limit.refunded_net = limit.refunded_net.saturating_add(net);
        limit.refunded_tax = limit.refunded_tax.saturating_add(tax);
        let breakdown = Breakdown {
            net,
            tax,
            shipping,
            ..Breakdown::zero(currency)
        }
        .less_fees(
            line.refund.restocking_fee.saturating_neg(),
            line.refund.return_shipping_fee.saturating_neg(),
        );
        // A bonus is for who leaves the money here, not for who takes other goods.
        let breakdown = Breakdown {
            bonus: due.exchange.map_or(line.refund.bonus, |_| 0),
            ..breakdown
        };
        plan.breakdown = plan.breakdown.plus(&breakdown);
        plan.lines.push((line.return_line_id.clone(), breakdown));
        plan.allocations.push(Allocation {
            line_id: line.line_id.clone(),
            units: line.quantity,
            net,
            tax,
            shipping,
        });
    }
    Ok(plan)
}

/// Takes a plan out of the captured money.
fn take(
    plan: Plan,
    payment: &mut RefundablePayment,
    currency: Currency,
) -> Result<Plan, RefundRefused> {
    let wanted = plan.breakdown.captured_part();
    if wanted > payment.available() {
        return Err(RefundRefused::ExceedsCaptured {
            requested: Money::new(currency, wanted),
            available: Money::new(currency, payment.available()),
        });
    }
    payment.allocated = payment.allocated.saturating_add(wanted);
    payment.shipping_allocated = payment
        .shipping_allocated
        .saturating_add(plan.breakdown.shipping);
    Ok(plan)
}

/// Gives back to both limits what a failed refund had taken.
pub(crate) fn release(
    captured_part: i64,
    allocations: &[Allocation],
    returnable: &mut [ReturnableLine],
    payment: &mut RefundablePayment,
) {
    for allocation in allocations {
        if let Some(limit) = returnable
            .iter_mut()
            .find(|limit| limit.line_id == allocation.line_id)
        {
            limit.refunded_units = limit.refunded_units.saturating_sub(allocation.units);
            limit.refunded_net = limit.refunded_net.saturating_sub(allocation.net);
            limit.refunded_tax = limit.refunded_tax.saturating_sub(allocation.tax);
        }
        payment.shipping_allocated = payment
            .shipping_allocated
            .saturating_sub(allocation.shipping);
    }
    payment.allocated = payment.allocated.saturating_sub(captured_part);
}

#[cfg(test)]
mod tests;
