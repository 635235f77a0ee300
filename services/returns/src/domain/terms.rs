//! The terms on which a line was sold: asked of the policy once, kept per line, never made stricter.

use super::{
    Reason, ReasonSource,
    order::{Exemption, Order},
};

/// Days of the built-in return window.
pub(crate) const BUILT_IN_WINDOW_DAYS: u32 = 30;

/// The terms of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) lines: Vec<LineTerms>,
    /// What the way back costs, once per return, in minor units.
    pub(crate) return_shipping_fee: i64,
}

/// The terms of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineTerms {
    pub(crate) line_id: String,
    /// Days from delivery in which the customer may change their mind; 0 if they may not.
    pub(crate) window_days: u32,
    pub(crate) final_sale: bool,
    /// Whether a consumer's statutory withdrawal may apply.
    pub(crate) withdrawal_right: bool,
    pub(crate) restocking: Restocking,
    pub(crate) reasons: Vec<Reason>,
}

/// What a restocking costs the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restocking {
    Free,
    /// Hundredths of a percent of net and tax.
    BasisPoints(u32),
    /// Minor units per unit.
    PerUnit(i64),
}

impl Terms {
    pub(crate) fn line(&self, line_id: &str) -> Option<&LineTerms> {
        self.lines.iter().find(|line| line.line_id == line_id)
    }
}

/// The terms where the tenant has no policy of its own: thirty days, no fees, the law honoured.
pub(crate) fn built_in(order: &Order) -> Terms {
    let lines = order
        .lines
        .iter()
        .map(|line| LineTerms {
            line_id: line.line_id.clone(),
            window_days: if line.final_sale {
                0
            } else {
                BUILT_IN_WINDOW_DAYS
            },
            final_sale: line.final_sale,
            withdrawal_right: !matches!(
                line.exemption,
                Exemption::CustomMade | Exemption::Perishable
            ),
            restocking: Restocking::Free,
            reasons: vec![if line.final_sale {
                Reason::new(
                    ReasonSource::BuiltIn,
                    "FINAL_SALE",
                    "Sold without the right to a change of mind.",
                )
            } else {
                Reason::new(
                    ReasonSource::BuiltIn,
                    "BUILT_IN_WINDOW",
                    format!("The built-in policy gives {BUILT_IN_WINDOW_DAYS} days from delivery."),
                )
            }],
        })
        .collect();
    Terms {
        lines,
        return_shipping_fee: 0,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use postlude_kernel::{Currency, Timestamp};

    use super::*;
    use crate::domain::order::{Channel, OrderLine};

    pub(crate) fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap_or_default()
    }

    pub(crate) fn line_terms(window_days: u32) -> LineTerms {
        LineTerms {
            line_id: "1".into(),
            window_days,
            final_sale: false,
            withdrawal_right: true,
            restocking: Restocking::Free,
            reasons: Vec::new(),
        }
    }

    /// Two units of one line for 100.00 plus 19.00 EUR, to a consumer in Germany.
    #[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    pub(crate) fn order() -> Order {
        Order {
            order_id: "A-1".into(),
            customer_id: "c-1".into(),
            currency: Currency::parse("EUR").unwrap(),
            lines: vec![OrderLine {
                line_id: "1".into(),
                sku: "shoe".into(),
                category: "shoes".into(),
                quantity: 2,
                cancelled: 0,
                net: 10_000,
                tax: 1_900,
                final_sale: false,
                gift: false,
                warranty_months: 24,
                exemption: Exemption::None,
            }],
            shipping_charge: 500,
            shipping_tax: 95,
            standard_shipping_charge: 500,
            destination_country: "DE".into(),
            consumer: true,
            channel: Channel::Online,
            tax_included: true,
            picked_up: false,
            placed: at("2026-02-27T12:00:00Z"),
            backfill: false,
            payments: Vec::new(),
            shipments: Vec::new(),
            revision: 1,
        }
    }

    #[test]
    fn are_thirty_free_days_where_there_is_no_plugin() {
        let terms = built_in(&order());
        assert_eq!(terms.return_shipping_fee, 0);
        let line = terms.line("1");
        assert_eq!(line.map(|line| line.window_days), Some(30));
        assert_eq!(line.map(|line| line.restocking), Some(Restocking::Free));
        assert!(line.is_some_and(|line| {
            line.reasons
                .iter()
                .all(|reason| reason.source == ReasonSource::BuiltIn)
        }));
    }

    #[test]
    fn give_a_final_sale_no_window_and_keep_the_law() {
        let mut order = order();
        for line in &mut order.lines {
            line.final_sale = true;
        }
        let terms = built_in(&order);
        let line = terms.line("1");
        assert_eq!(line.map(|line| line.window_days), Some(0));
        assert!(line.is_some_and(|line| line.withdrawal_right));
    }
}
