//! Facts and answers as the deciding service writes and reads them.
//!
//! Amounts of an order are minor units in its currency. Points are whole; a milli-point is a
//! thousandth of one.

use postlude_kernel::{Currency, Money, Timestamp};

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

/// How the order came to Postlude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// As it happened.
    Live,
    /// By an import of the past.
    Backfill,
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
}

/// An order. The host adds how many digits its currency's minor unit has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The retailer's order number.
    pub order_id: String,
    /// Every amount of the order is in it.
    pub currency: Currency,
    /// Who bought.
    pub buyer_kind: BuyerKind,
    /// Where it was sold.
    pub channel: Channel,
    /// How it came to Postlude.
    pub origin: Origin,
    /// When it was placed.
    pub placed: Timestamp,
    /// Its lines.
    pub lines: Vec<OrderLine>,
}

/// The member as of the order's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Code of the member's tier; empty if there is none.
    pub tier: String,
    /// When the member joined.
    pub enrolled: Timestamp,
    /// Whether the order was placed in the month of the member's birthday; false if that isn't
    /// known.
    pub birthday_month: bool,
    /// Points ever earned, less points taken back.
    pub lifetime_points: u64,
    /// What the member has spent in the window that tiers look at, before this order.
    pub tier_window_spend: Money,
}

/// A campaign that is on at the order's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// The retailer's code for it, unique among the campaigns.
    pub code: String,
    /// What a line earns, in percent of the ordinary: 200 doubles, 100 changes nothing.
    pub multiplier_percent: u32,
    /// Points on top, once per order; 0 if none.
    pub bonus_points: u64,
    /// Only lines of these categories; empty for every category.
    pub categories: Vec<String>,
    /// Only lines of these articles; empty for every article.
    pub skus: Vec<String>,
    /// Only members of these tiers; empty for every member.
    pub tiers: Vec<String>,
    /// From when it is on.
    pub starts: Timestamp,
    /// Until when it is on; `None` if it has no end.
    pub ends: Option<Timestamp>,
}

/// Why the points are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An order that earns.
    Order,
    /// An order of the past under a rule that is being tried. Nothing is granted.
    Simulation,
    /// The order as it stands after an exchange. The platform grants the difference.
    Exchange,
}

/// All that the earning rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarnFacts {
    /// Why the points are asked for.
    pub purpose: Purpose,
    /// The order.
    pub order: Order,
    /// The member.
    pub member: Member,
    /// The campaigns that are on at the order's time.
    pub campaigns: Vec<Campaign>,
}

/// What one line earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineEarning {
    /// The line.
    pub line_id: String,
    /// Thousandths of a point. Add them up over the lines and round down once per order.
    pub milli_points: u64,
    /// Why, at least one.
    pub reasons: Vec<Reason>,
}

/// A campaign's points on top, once per order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bonus {
    /// One of the campaigns in the facts.
    pub campaign_code: String,
    /// Whole points; not more than the campaign's own.
    pub points: u64,
    /// Why, at least one.
    pub reasons: Vec<Reason>,
}

/// What the order earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earning {
    /// One per line of the order, in its order; 0 for what earns nothing.
    pub lines: Vec<LineEarning>,
    /// Each campaign once at most.
    pub bonuses: Vec<Bonus>,
    /// Why, over all lines, at least one.
    pub reasons: Vec<Reason>,
}

/// Why points are taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClawbackCause {
    /// Money for units went back.
    Refund,
    /// Units were exchanged for something cheaper.
    Exchange,
    /// Units were cancelled before shipping.
    LinesCancelled,
    /// The order that a referral was rewarded for didn't last.
    Referral,
}

/// The member's points before anything is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balances {
    /// Earned and not yet to be used.
    pub pending: u64,
    /// To be used.
    pub active: u64,
    /// Owed: taken back when there was nothing to take.
    pub debt: u64,
}

/// All that a clawback rests on. How many points are taken is the platform's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClawbackFacts {
    /// Why points are taken back.
    pub cause: ClawbackCause,
    /// The order that earned them.
    pub order: Order,
    /// Code of the member's tier now; empty if there is none.
    pub tier: String,
    /// The member's points now.
    pub balances: Balances,
    /// Points to take back.
    pub points: u64,
}

/// What happens with points that can't be taken back because they are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// The member owes them; what is earned next pays the debt first.
    GoNegative,
    /// The retailer bears them.
    FloorAtZero,
}

/// The answer to a clawback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClawbackDecision {
    /// What happens with points that can't be taken back.
    pub shortfall: Shortfall,
    /// Why, at least one.
    pub reasons: Vec<Reason>,
}
