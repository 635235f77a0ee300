//! The two limits that no race may pass: units of an order line, and money of an order.
//!
//! Both are rows of their own with a version; here is only their arithmetic.

use std::collections::BTreeMap;

use super::order::{Order, PaymentKind};

/// How much of an order line has been asked back, and what was given for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnableLine {
    pub(crate) line_id: String,
    /// Units in the customer's hands.
    pub(crate) delivered: u32,
    /// Units in returns, open or finished; cancelled, declined and expired ones apart.
    pub(crate) allocated: u32,
    /// Units whose refund was asked for or confirmed.
    pub(crate) refunded_units: u32,
    /// Net money for these units, minor units.
    pub(crate) refunded_net: i64,
    /// Tax for these units, minor units.
    pub(crate) refunded_tax: i64,
    pub(crate) version: i64,
}

/// How much of an order's money can still go back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RefundablePayment {
    pub(crate) captured: i64,
    pub(crate) refunded_externally: i64,
    /// Lost in disputes that have ended.
    pub(crate) charged_back: i64,
    /// Whether a dispute is open: nothing is refunded then.
    pub(crate) disputed: bool,
    /// Refunds of ours that were asked for or confirmed.
    pub(crate) allocated: i64,
    /// Outbound shipping in these refunds.
    pub(crate) shipping_allocated: i64,
    pub(crate) version: i64,
}

/// More units than are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuantityExceeded {
    pub(crate) line_id: String,
    pub(crate) requested: u32,
    pub(crate) available: u32,
}

impl ReturnableLine {
    /// A line of which nothing has been asked back.
    pub(crate) fn new(line_id: impl Into<String>) -> Self {
        Self {
            line_id: line_id.into(),
            delivered: 0,
            allocated: 0,
            refunded_units: 0,
            refunded_net: 0,
            refunded_tax: 0,
            version: 0,
        }
    }

    /// Units that can still be asked back.
    pub(crate) fn available(&self) -> u32 {
        self.delivered.saturating_sub(self.allocated)
    }

    /// Takes units for a return.
    pub(crate) fn allocate(&mut self, units: u32) -> Result<(), QuantityExceeded> {
        if units > self.available() {
            return Err(QuantityExceeded {
                line_id: self.line_id.clone(),
                requested: units,
                available: self.available(),
            });
        }
        self.allocated = self.allocated.saturating_add(units);
        Ok(())
    }

    /// Gives units back that no return needs any more.
    pub(crate) fn release(&mut self, units: u32) {
        self.allocated = self.allocated.saturating_sub(units);
    }
}

impl RefundablePayment {
    /// What can still go back.
    pub(crate) fn available(&self) -> i64 {
        self.captured
            .saturating_sub(self.refunded_externally)
            .saturating_sub(self.charged_back)
            .saturating_sub(self.allocated)
            .max(0)
    }

    /// Takes the facts of an order's payments in; what returns itself has allocated stays.
    ///
    /// A dispute is open while its tender has more of them than were closed. Once closed, what was
    /// not won back has gone back to the customer by way of the bank.
    pub(crate) fn take_in(&mut self, order: &Order) {
        let sum = |kind: PaymentKind| {
            order
                .payments
                .iter()
                .filter(|payment| payment.kind == kind)
                .fold(0_i64, |sum, payment| sum.saturating_add(payment.amount))
        };
        self.captured = sum(PaymentKind::Captured);
        self.refunded_externally = sum(PaymentKind::RefundedExternally);
        let mut open: BTreeMap<&str, i64> = BTreeMap::new();
        for payment in &order.payments {
            let change = match payment.kind {
                PaymentKind::Disputed => 1,
                PaymentKind::DisputeClosed => -1,
                PaymentKind::Authorized
                | PaymentKind::Captured
                | PaymentKind::RefundedExternally => 0,
            };
            *open.entry(payment.tender_id.as_str()).or_default() += change;
        }
        self.disputed = open.values().any(|count| *count > 0);
        self.charged_back = if self.disputed {
            0
        } else {
            sum(PaymentKind::Disputed)
                .saturating_sub(sum(PaymentKind::DisputeClosed))
                .max(0)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::Payment;
    use crate::domain::terms::tests::order;

    fn paid(facts: &[(PaymentKind, i64)]) -> RefundablePayment {
        let mut order = order();
        order.payments = facts
            .iter()
            .map(|(kind, amount)| Payment {
                kind: *kind,
                tender_id: String::new(),
                amount: *amount,
            })
            .collect();
        let mut payment = RefundablePayment::default();
        payment.take_in(&order);
        payment
    }

    #[test]
    fn a_line_gives_no_more_than_was_delivered() {
        let mut line = ReturnableLine::new("1");
        line.delivered = 2;
        assert_eq!(line.allocate(2), Ok(()));
        assert_eq!(
            line.allocate(1),
            Err(QuantityExceeded {
                line_id: "1".into(),
                requested: 1,
                available: 0
            })
        );
        line.release(1);
        assert_eq!(line.allocate(1), Ok(()));
    }

    #[test]
    fn an_authorisation_is_no_money() {
        assert_eq!(paid(&[(PaymentKind::Authorized, 100)]).available(), 0);
        assert_eq!(paid(&[(PaymentKind::Captured, 100)]).available(), 100);
        assert_eq!(
            paid(&[
                (PaymentKind::Captured, 100),
                (PaymentKind::RefundedExternally, 30)
            ])
            .available(),
            70
        );
    }

    #[test]
    fn an_open_dispute_blocks_and_a_lost_one_has_paid() {
        let captured = (PaymentKind::Captured, 100);
        let disputed = (PaymentKind::Disputed, 100);
        assert!(paid(&[captured, disputed]).disputed);
        let lost = paid(&[captured, disputed, (PaymentKind::DisputeClosed, 0)]);
        assert!(!lost.disputed);
        assert_eq!(lost.available(), 0);
        let won = paid(&[captured, disputed, (PaymentKind::DisputeClosed, 100)]);
        assert!(!won.disputed);
        assert_eq!(won.available(), 100);
    }
}
