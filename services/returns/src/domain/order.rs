//! An order as far as returns needs it: the snapshot that every decision is taken from.

use postlude_kernel::{Currency, Timestamp};

/// An order, as orders told it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<OrderLine>,
    /// What the customer paid for shipping, before tax, in minor units.
    pub(crate) shipping_charge: i64,
    pub(crate) shipping_tax: i64,
    /// What standard shipping would have cost, before tax.
    pub(crate) standard_shipping_charge: i64,
    pub(crate) destination_country: String,
    pub(crate) consumer: bool,
    pub(crate) channel: Channel,
    /// Whether the shop showed prices with tax.
    pub(crate) tax_included: bool,
    pub(crate) picked_up: bool,
    pub(crate) placed: Timestamp,
    /// Imported history: starts no window and no expiry.
    pub(crate) backfill: bool,
    pub(crate) payments: Vec<Payment>,
    pub(crate) shipments: Vec<Shipment>,
    pub(crate) revision: i64,
}

/// Where an order was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Online,
    Store,
    Marketplace,
}

/// A line of an order. Amounts in minor units of the order's currency, for all units together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderLine {
    pub(crate) line_id: String,
    pub(crate) sku: String,
    pub(crate) category: String,
    pub(crate) quantity: u32,
    pub(crate) cancelled: u32,
    pub(crate) net: i64,
    pub(crate) tax: i64,
    pub(crate) final_sale: bool,
    pub(crate) gift: bool,
    pub(crate) warranty_months: u32,
    pub(crate) exemption: Exemption,
}

/// What keeps a consumer from withdrawing from a distance sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exemption {
    None,
    CustomMade,
    Perishable,
    /// Exempt once unsealed.
    SealedHygiene,
    /// Exempt once unsealed.
    SealedMedia,
}

/// A fact about money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) kind: PaymentKind,
    pub(crate) tender_id: String,
    pub(crate) amount: i64,
}

/// What happened with the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentKind {
    Authorized,
    Captured,
    RefundedExternally,
    Disputed,
    DisputeClosed,
}

/// A parcel on its way to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shipment {
    pub(crate) lines: Vec<(String, u32)>,
    pub(crate) shipped: Timestamp,
    pub(crate) delivered: Option<Timestamp>,
    /// It goes back to the sender, so it will not arrive.
    pub(crate) returning: bool,
}

impl Order {
    /// A line by its number.
    pub(crate) fn line(&self, line_id: &str) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.line_id == line_id)
    }

    /// Units that were not cancelled, over all lines.
    pub(crate) fn units(&self) -> u32 {
        self.lines.iter().map(OrderLine::kept).sum()
    }

    /// Outbound shipping that a withdrawal gives back: standard shipping at most, with its tax.
    pub(crate) fn refundable_shipping(&self) -> i64 {
        let net = self
            .shipping_charge
            .min(self.standard_shipping_charge)
            .max(0);
        if self.shipping_charge <= 0 {
            return 0;
        }
        let tax = i128::from(self.shipping_tax.max(0)) * i128::from(net)
            / i128::from(self.shipping_charge);
        // A part of an amount that fits.
        net.saturating_add(i64::try_from(tax).unwrap_or(0))
    }
}

impl OrderLine {
    /// Units that were not cancelled before shipping.
    pub(crate) fn kept(&self) -> u32 {
        self.quantity.saturating_sub(self.cancelled)
    }
}
