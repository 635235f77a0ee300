//! Facts, terms and decisions as the deciding service writes and reads them.
//!
//! Amounts of facts are minor units in the order's currency; an answer that reaches the service has
//! been checked to be in it too.

use postlude_kernel::{Currency, Timestamp};

use crate::context::Reason;

/// Who bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuyerKind {
    /// A person, with a consumer's rights.
    Consumer,
    /// A business.
    Business,
}

/// Where it was sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// At a distance: the retailer's own site or app.
    Online,
    /// Across a counter.
    Store,
    /// At a distance, on somebody else's site.
    Marketplace,
}

/// How it reached the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilment {
    /// A carrier brought it.
    Ship,
    /// The customer fetched it.
    PickUpInStore,
}

/// What keeps a consumer from withdrawing from a distance sale of these goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalExemption {
    /// Nothing does.
    None,
    /// Made to the customer's own specification.
    CustomMade,
    /// It spoils.
    Perishable,
    /// A hygiene seal; the right ends when it is broken.
    SealedHygiene,
    /// A media seal; the right ends when it is broken.
    SealedMedia,
}

/// One line of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The retailer's line number, unique in the order.
    pub line_id: String,
    /// The retailer's article number.
    pub sku: String,
    /// The retailer's category; may be empty.
    pub category: String,
    /// Units bought, less units cancelled before shipping.
    pub quantity: u32,
    /// What these units cost before tax, after discount.
    pub net_minor: i64,
    /// Tax on it.
    pub tax_minor: i64,
    /// Sold without the right to a change of mind.
    pub final_sale: bool,
    /// Bought as a gift.
    pub gift: bool,
    /// Months of warranty from delivery; 0 if none.
    pub warranty_months: u32,
    /// What keeps a consumer from withdrawing.
    pub withdrawal_exemption: WithdrawalExemption,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The retailer's order number.
    pub order_id: String,
    /// Every amount of the order is in it.
    pub currency: Currency,
    /// Where it goes: ISO 3166-1 alpha-2.
    pub country_code: String,
    /// Who bought.
    pub buyer_kind: BuyerKind,
    /// Where it was sold.
    pub channel: Channel,
    /// How it reached the customer.
    pub fulfilment: Fulfilment,
    /// Whether the shop showed prices with tax. Net and tax are apart either way.
    pub tax_included: bool,
    /// Outbound shipping paid, with its tax; no more than standard shipping would have cost.
    pub shipping_minor: i64,
    /// When it was placed.
    pub placed: Timestamp,
    /// Its lines.
    pub lines: Vec<OrderLine>,
}

/// What a restocking costs the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestockingFee {
    /// Nothing.
    Free,
    /// Hundredths of a percent of net and tax of the units; 10,000 at most. Rounded down.
    BasisPoints(u32),
    /// So much per unit, in minor units of the order's currency.
    PerUnitMinor(i64),
}

/// What the customer was promised for one line when the order arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTerms {
    /// The line.
    pub line_id: String,
    /// Days from delivery in which the customer may change their mind; 0 if they may not.
    pub window_days: u32,
    /// Whether the line was sold without the right to a change of mind.
    pub final_sale: bool,
    /// Whether a consumer's statutory withdrawal may apply.
    pub withdrawal_right: bool,
    /// What a restocking costs.
    pub restocking_fee: RestockingFee,
    /// Why these are the terms, at least one.
    pub reasons: Vec<Reason>,
}

/// What the customer was promised for the order. A later version of the policy may be kinder,
/// never stricter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerms {
    /// One per line of the order.
    pub lines: Vec<LineTerms>,
    /// What the way back costs by mail, once per return.
    pub return_shipping_fee_minor: i64,
}

/// Why the customer sends something back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnReason {
    /// The customer changed their mind.
    ChangedMind,
    /// It does not fit.
    WrongSize,
    /// It is not what the shop described. The merchant's fault.
    NotAsDescribed,
    /// It does not work. The merchant's fault.
    Defective,
    /// It arrived damaged. The merchant's fault.
    Damaged,
    /// Something else was sent. The merchant's fault.
    WrongItem,
    /// It came too late. The merchant's fault.
    LateDelivery,
    /// The consumer withdraws from a distance sale by law.
    Withdrawal,
}

impl ReturnReason {
    /// Whether the merchant is to blame, so that the customer pays no fee.
    #[must_use]
    pub const fn is_merchants_fault(self) -> bool {
        match self {
            Self::NotAsDescribed
            | Self::Defective
            | Self::Damaged
            | Self::WrongItem
            | Self::LateDelivery => true,
            Self::ChangedMind | Self::WrongSize | Self::Withdrawal => false,
        }
    }
}

/// How the goods come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnMethod {
    /// By a carrier, with a label.
    Mail,
    /// Handed over in a shop.
    Store,
    /// Collected by a carrier at the customer's.
    Pickup,
}

/// Units that the customer wants to send back. A line stands once in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// The order line.
    pub line_id: String,
    /// Units.
    pub quantity: u32,
    /// Why.
    pub reason: ReturnReason,
    /// Whether a hygiene or media seal was broken.
    pub unsealed: bool,
    /// When the line's last units were delivered; `None` if that isn't known.
    pub delivered: Option<Timestamp>,
    /// When the line's last units were shipped; `None` if they weren't.
    pub shipped: Option<Timestamp>,
    /// Units delivered.
    pub delivered_quantity: u32,
    /// Units in other returns, open or finished, cancelled ones apart.
    pub returned_quantity: u32,
    /// What was paid for these units: their share of net and tax that no other return has had.
    pub paid_minor: i64,
}

/// What is known of the customer over the last twelve months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CustomerHistory {
    /// Orders placed.
    pub order_count: u32,
    /// Returns opened.
    pub return_count: u32,
    /// Money refunded, in the order's currency.
    pub refunded_minor: i64,
}

/// All that a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The order.
    pub order: Order,
    /// What should come back.
    pub request: Vec<RequestLine>,
    /// How it would come back.
    pub method: ReturnMethod,
    /// When the last goods of the order were delivered; `None` while any are missing.
    pub last_delivered: Option<Timestamp>,
    /// Captured in all.
    pub captured_minor: i64,
    /// Refunded or asked to be refunded in all.
    pub refunded_minor: i64,
    /// The customer.
    pub customer: CustomerHistory,
}

/// What happens with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Yes.
    Approve,
    /// No.
    Decline,
    /// A person decides.
    Review,
}

/// The answer for one line of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineDecision {
    /// The line.
    pub line_id: String,
    /// What happens with it.
    pub outcome: Outcome,
    /// Fee for restocking, kept from the refund. Zero or positive; in the order's currency.
    pub restocking_fee_minor: i64,
    /// Fee for the way back, kept from the refund. Zero or positive; over all lines not more than
    /// the terms' fee.
    pub return_shipping_fee_minor: i64,
    /// Whether the line's part of the outbound shipping is given back.
    pub refund_shipping: bool,
    /// Whether the customer keeps the goods and is refunded all the same.
    pub keep_item: bool,
    /// Whether the law gives the consumer this return.
    pub statutory_withdrawal: bool,
    /// Until when the line may come back; `None` while delivery isn't known.
    pub return_by: Option<Timestamp>,
    /// Why, at least one.
    pub reasons: Vec<Reason>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// One per line of the request, in its order.
    pub lines: Vec<LineDecision>,
    /// Why, over all lines, at least one.
    pub reasons: Vec<Reason>,
}
