//! What the retailer says of an order, and the rules it must keep on its own.
//!
//! Owns no history: what happened to the order afterwards is in [`super::order`].

use std::collections::BTreeSet;

use postlude_kernel::{Currency, FieldViolation, Money, Timestamp};

use super::refusal::Refusal;

/// An order as the retailer's system states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<Line>,
    pub(crate) tax_included: bool,
    pub(crate) shipping_charge: Option<Money>,
    pub(crate) shipping_tax: Option<Money>,
    pub(crate) standard_shipping_charge: Option<Money>,
    pub(crate) destination_country: String,
    pub(crate) buyer_kind: BuyerKind,
    pub(crate) tenders: Vec<Tender>,
    pub(crate) channel: Channel,
    pub(crate) fulfilment_method: FulfilmentMethod,
    pub(crate) placed_time: Timestamp,
    pub(crate) origin: Origin,
}

/// One line as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) line_id: String,
    pub(crate) sku: String,
    pub(crate) category: String,
    pub(crate) title: String,
    pub(crate) quantity: u32,
    pub(crate) line_total: Money,
    pub(crate) tax: Option<Money>,
    pub(crate) unit_price: Option<Money>,
    pub(crate) final_sale: bool,
    pub(crate) gift: bool,
    pub(crate) warranty_months: u32,
    pub(crate) withdrawal_exemption: Option<WithdrawalExemption>,
}

/// One way in which the order was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tender {
    pub(crate) tender_id: String,
    pub(crate) kind: TenderKind,
    pub(crate) amount: Money,
}

/// Who bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuyerKind {
    Consumer,
    Business,
}

/// Where it was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Online,
    Store,
    Marketplace,
}

/// How the goods reach the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FulfilmentMethod {
    Ship,
    PickUpInStore,
}

/// Whether the order is happening or is history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Live,
    Backfill,
}

/// What keeps a consumer from withdrawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithdrawalExemption {
    CustomMade,
    Perishable,
    SealedHygiene,
    SealedMedia,
}

/// What kind of means of payment a tender is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TenderKind {
    Card,
    Account,
    GiftCard,
    StoreCredit,
    Cash,
    PayLater,
}

impl Content {
    /// Checks what can be checked without knowing what was recorded before.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every field that breaks a rule; [`Refusal::CurrencyMismatch`] if
    /// all that is wrong are amounts in another currency.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let mut wrong = Vec::new();
        self.check_ids(&mut wrong);
        self.check_amounts(&mut wrong);
        if !wrong.is_empty() {
            return Err(Refusal::Invalid(wrong));
        }
        let foreign = self.foreign_amounts();
        if foreign.is_empty() {
            Ok(())
        } else {
            Err(Refusal::CurrencyMismatch(foreign))
        }
    }

    fn check_ids(&self, wrong: &mut Vec<FieldViolation>) {
        let mut seen = BTreeSet::new();
        for (at, line) in self.lines.iter().enumerate() {
            if !seen.insert(line.line_id.as_str()) {
                wrong.push(FieldViolation::new(
                    format!("order.lines[{at}].line_id"),
                    format!("`{}` is taken by a line before it", line.line_id),
                ));
            }
        }
        let mut seen = BTreeSet::new();
        for (at, tender) in self.tenders.iter().enumerate() {
            if !seen.insert(tender.tender_id.as_str()) {
                wrong.push(FieldViolation::new(
                    format!("order.tenders[{at}].tender_id"),
                    format!("`{}` is taken by a tender before it", tender.tender_id),
                ));
            }
        }
    }

    fn check_amounts(&self, wrong: &mut Vec<FieldViolation>) {
        let mut total = Some(0_i64);
        for (path, money, counts) in self.amounts() {
            if money.amount_minor < 0 {
                wrong.push(FieldViolation::new(
                    format!("{path}.amount_minor"),
                    "must not be below zero",
                ));
            } else if counts {
                total = total.and_then(|sum| sum.checked_add(money.amount_minor));
            }
        }
        if total.is_none() {
            wrong.push(FieldViolation::new(
                "order.lines",
                "the order's total doesn't fit 64 bits",
            ));
        }
    }

    fn foreign_amounts(&self) -> Vec<FieldViolation> {
        self.amounts()
            .filter(|(_, money, _)| money.currency != self.currency)
            .map(|(path, money, _)| {
                FieldViolation::new(
                    format!("{path}.currency_code"),
                    format!("is {}, the order is in {}", money.currency, self.currency),
                )
            })
            .collect()
    }

    /// Every amount with its path, and whether it is part of what the order costs.
    fn amounts(&self) -> impl Iterator<Item = (String, Money, bool)> {
        let lines = self.lines.iter().enumerate().flat_map(|(at, line)| {
            [
                ("line_total", Some(line.line_total), true),
                ("tax", line.tax, true),
                ("unit_price", line.unit_price, false),
            ]
            .into_iter()
            .filter_map(move |(name, money, counts)| {
                money.map(|money| (format!("order.lines[{at}].{name}"), money, counts))
            })
        });
        let shipping = [
            ("shipping_charge", self.shipping_charge, true),
            ("shipping_tax", self.shipping_tax, true),
            (
                "standard_shipping_charge",
                self.standard_shipping_charge,
                false,
            ),
        ]
        .into_iter()
        .filter_map(|(name, money, counts)| {
            money.map(|money| (format!("order.{name}"), money, counts))
        });
        let tenders = self
            .tenders
            .iter()
            .enumerate()
            .map(|(at, tender)| (format!("order.tenders[{at}].amount"), tender.amount, false));
        lines.chain(shipping).chain(tenders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{content, euro};

    fn fields(refusal: Result<(), Refusal>) -> Vec<String> {
        match refusal {
            Err(Refusal::Invalid(wrong) | Refusal::CurrencyMismatch(wrong)) => {
                wrong.into_iter().map(|violation| violation.field).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn accepts_an_order_that_keeps_the_rules() {
        assert_eq!(content().check(), Ok(()));
    }

    #[test]
    fn names_a_line_id_and_a_tender_id_that_are_taken() {
        let mut content = content();
        content.lines.push(content.lines[0].clone());
        content.tenders.push(content.tenders[0].clone());
        assert_eq!(
            fields(content.check()),
            ["order.lines[2].line_id", "order.tenders[1].tender_id"]
        );
    }

    #[test]
    fn names_every_amount_in_another_currency() {
        let mut content = content();
        let dollars = Money::new(Currency::parse("USD").unwrap(), 1);
        content.lines[1].tax = Some(dollars);
        content.shipping_charge = Some(dollars);
        assert!(matches!(content.check(), Err(Refusal::CurrencyMismatch(_))));
        assert_eq!(
            fields(content.check()),
            [
                "order.lines[1].tax.currency_code",
                "order.shipping_charge.currency_code"
            ]
        );
    }

    #[test]
    fn refuses_amounts_below_zero_and_sums_that_do_not_fit() {
        let mut content = content();
        content.lines[0].line_total = euro(-1);
        assert_eq!(
            fields(content.check()),
            ["order.lines[0].line_total.amount_minor"]
        );
        content.lines[0].line_total = euro(i64::MAX);
        assert_eq!(fields(content.check()), ["order.lines"]);
    }
}
