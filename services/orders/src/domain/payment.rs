//! Payments: facts that the retailer's payment system tells, once each.

use postlude_kernel::{FieldViolation, Money, Timestamp};

use super::{
    event::{Changed, OrderEvent},
    order::{Order, changed},
    refusal::Refusal,
};

/// A fact about money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) payment_id: String,
    pub(crate) kind: PaymentKind,
    /// Empty if the fact concerns no tender of its own.
    pub(crate) tender_id: String,
    pub(crate) amount: Money,
    pub(crate) occurred_time: Timestamp,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentKind {
    Authorized,
    Captured,
    RefundedExternally,
    Disputed,
    DisputeClosed,
}

/// Adds a fact. `None` if it is there already.
///
/// # Errors
/// [`Refusal`] if the amount is negative or in another currency, or the id is taken by another
/// fact.
pub(crate) fn record(
    before: &Order,
    payment: Payment,
    now: Timestamp,
) -> Result<Option<Changed>, Refusal> {
    if payment.amount.amount_minor < 0 {
        return Err(Refusal::Invalid(vec![FieldViolation::new(
            "payment.amount.amount_minor",
            "must not be below zero",
        )]));
    }
    let currency = before.content.currency;
    if payment.amount.currency != currency {
        return Err(Refusal::CurrencyMismatch(vec![FieldViolation::new(
            "payment.amount.currency_code",
            format!("is {}, the order is in {currency}", payment.amount.currency),
        )]));
    }
    if let Some(known) = before
        .payments
        .iter()
        .find(|known| known.payment_id == payment.payment_id)
    {
        return if *known == payment {
            Ok(None)
        } else {
            Err(Refusal::PaymentConflict {
                payment_id: payment.payment_id,
            })
        };
    }
    let mut after = before.clone();
    after.payments.push(payment.clone());
    after
        .payments
        .sort_by(|a, b| (a.occurred_time, &a.payment_id).cmp(&(b.occurred_time, &b.payment_id)));
    let events = vec![OrderEvent::PaymentRecorded { payment }];
    Ok(Some(changed(before, after, events, now)))
}

#[cfg(test)]
mod tests {
    use postlude_kernel::Currency;

    use super::*;
    use crate::domain::samples::{at, euro, order};

    fn captured(payment_id: &str, second: i64) -> Payment {
        Payment {
            payment_id: payment_id.to_owned(),
            kind: PaymentKind::Captured,
            tender_id: "card".to_owned(),
            amount: euro(2_875),
            occurred_time: at(second),
        }
    }

    #[test]
    fn keeps_facts_oldest_first_and_each_once() {
        let order = record(&order(), captured("p2", 60), at(70))
            .unwrap()
            .unwrap()
            .order;
        let order = record(&order, captured("p1", 50), at(80))
            .unwrap()
            .unwrap()
            .order;
        let ids: Vec<_> = order
            .payments
            .iter()
            .map(|p| p.payment_id.as_str())
            .collect();
        assert_eq!(ids, ["p1", "p2"]);
        assert_eq!(order.revision, 3);
        assert_eq!(record(&order, captured("p1", 50), at(90)), Ok(None));
    }

    #[test]
    fn refuses_an_id_with_another_content() {
        let order = record(&order(), captured("p1", 50), at(70))
            .unwrap()
            .unwrap()
            .order;
        assert_eq!(
            record(&order, captured("p1", 51), at(80)),
            Err(Refusal::PaymentConflict {
                payment_id: "p1".to_owned()
            })
        );
    }

    #[test]
    fn refuses_another_currency_and_amounts_below_zero() {
        let mut payment = captured("p1", 50);
        payment.amount = Money::new(Currency::parse("USD").unwrap(), 1);
        assert!(matches!(
            record(&order(), payment.clone(), at(70)),
            Err(Refusal::CurrencyMismatch(_))
        ));
        payment.amount = euro(-1);
        assert!(matches!(
            record(&order(), payment, at(70)),
            Err(Refusal::Invalid(_))
        ));
    }
}
