//! A return: its lines with a state each, and the one function that moves them.
//!
//! [`open`](open::open) makes one, [`decide`] answers a [`Command`] with the next state and the events
//! that tell of it. Every revision is told by at least one event; a change that nobody else needs to know
//! of (a label that was asked for, a further scan) makes a version and no revision.

mod decide;
mod exchange;
mod inspect;
mod open;
mod refused;
mod settle;

use std::collections::BTreeMap;

use postlude_kernel::{Currency, IdSource, Timestamp};

pub(crate) use self::{
    decide::decide,
    exchange::{
        Exchange, ExchangeId, ExchangeState, Exchanging, How, Replacement, exchangeable, price,
    },
    open::{Goodwill, Opening, goodwill, open, pay},
    refused::Refused,
};
use super::{
    Reason,
    policy::DecisionSource,
    refund::{Breakdown, Due},
};

postlude_kernel::id_type!(
    /// A return.
    ReturnId, "ret"
);
postlude_kernel::id_type!(
    /// A line of a return.
    ReturnLineId, "rli"
);
postlude_kernel::id_type!(
    /// A refund: also the idempotency key of its command.
    RefundId, "rfd"
);
postlude_kernel::id_type!(
    /// A label.
    LabelId, "lbl"
);

/// A return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Return {
    pub(crate) return_id: String,
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<ReturnLine>,
    pub(crate) method: Method,
    pub(crate) refund_method: RefundMethod,
    /// Who gets a gift's credit, by the retailer's own reference.
    pub(crate) gift_recipient: String,
    pub(crate) label: Option<Label>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) decision: DecisionSource,
    pub(crate) quote_id: String,
    /// The claim that opened it, if any.
    pub(crate) claim_id: Option<String>,
    pub(crate) scans: Vec<Scan>,
    /// Counts the changes that were told by events, from 1 and without gaps.
    pub(crate) revision: i64,
    /// Counts every change, also those that nobody else needs to know of.
    pub(crate) version: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// When the goods must be on their way; set once the return is accepted.
    pub(crate) return_by: Option<Timestamp>,
}

/// Units of one order line that share one fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnLine {
    pub(crate) return_line_id: String,
    pub(crate) line_id: String,
    pub(crate) quantity: u32,
    pub(crate) reason: ReturnReason,
    pub(crate) comment: String,
    pub(crate) statutory_withdrawal: bool,
    /// Whether the customer keeps the goods: nothing is awaited, and the line counts as judged.
    pub(crate) keep_item: bool,
    pub(crate) state: State,
    pub(crate) received: u32,
    pub(crate) disposition: Option<Disposition>,
    /// What is refunded if all goes well; once refunded, what was.
    pub(crate) refund: Breakdown,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) inspection_note: String,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Requested,
    NeedsReview,
    Approved,
    LabelIssued,
    InTransit,
    Received,
    Inspected,
    Refunded,
    Exchanged,
    Credited,
    /// Came back, and nothing was due for it.
    Returned,
    Rejected,
    LostInTransit,
    Expired,
    Cancelled,
}

/// Why the customer sends something back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReturnReason {
    ChangedMind,
    WrongSize,
    NotAsDescribed,
    Defective,
    Damaged,
    WrongItem,
    LateDelivery,
    Withdrawal,
    /// It never came: a claim's reason, in no request.
    NotReceived,
}

/// How the goods come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Mail,
    Store,
    Pickup,
}

/// Where the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundMethod {
    Original,
    StoreCredit,
    GiftCredit,
    /// Nothing is due.
    None,
}

/// What happens with a unit that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    Restock,
    Refurbish,
    Donate,
    Discard,
    Missing,
}

/// A carrier's label, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) label_id: String,
    pub(crate) state: LabelState,
    pub(crate) carrier: String,
    pub(crate) tracking_number: String,
    pub(crate) content_type: String,
    pub(crate) failure: String,
    pub(crate) issued: Option<Timestamp>,
    pub(crate) pickup: Option<PickupWindow>,
}

/// When a carrier comes for the goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PickupWindow {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

/// Whether a label is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelState {
    Pending,
    Issued,
    Failed,
}

/// A scan of the parcel that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) event_id: String,
    pub(crate) occurred: Timestamp,
    pub(crate) location: String,
    pub(crate) description: String,
}

/// Money that is given back; with a sum below zero, that is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) refund_id: String,
    pub(crate) state: RefundState,
    pub(crate) method: RefundMethod,
    pub(crate) breakdown: Breakdown,
    pub(crate) return_line_ids: Vec<String>,
    /// The exchange that it settles, if any.
    pub(crate) exchange_id: Option<String>,
    pub(crate) external_reference: String,
    pub(crate) failure: String,
    pub(crate) requested: Timestamp,
    pub(crate) completed: Option<Timestamp>,
}

/// Whether the money has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundState {
    Requested,
    Confirmed,
    Failed,
}

/// What somebody wants done with a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Approve {
        note: String,
        return_by: Timestamp,
        keep_item: bool,
    },
    Decline {
        note: String,
    },
    Cancel,
    /// With the time at which a carrier comes, where one does.
    AskLabel(Option<PickupWindow>),
    LabelIssued {
        carrier: String,
        tracking_number: String,
        content_type: String,
    },
    LabelFailed {
        failure: String,
    },
    Scan(Scan),
    /// Units counted now, by return line.
    Receive(Vec<(String, u32)>),
    Inspect(Vec<Judgement>),
    /// Asks for the money of everything that [`Return::due`] names.
    Refund(Vec<super::refund::Plan>),
    /// Gives goods for goods.
    Exchange(Exchanging),
    /// The time for the goods of an instant exchange has passed.
    ExchangeOverdue {
        exchange_id: String,
    },
    ConfirmRefund {
        refund_id: String,
        external_reference: String,
    },
    FailRefund {
        refund_id: String,
        failure: String,
    },
    /// The time to send the goods has passed.
    Expire,
    /// Nobody has heard of the parcel for too long.
    Lose,
}

/// What an inspector found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) return_line_id: String,
    pub(crate) quantity: u32,
    pub(crate) disposition: Disposition,
    pub(crate) rejected: bool,
    pub(crate) note: String,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Created,
    Approved,
    Declined,
    NeedsReview,
    LabelIssued,
    InTransit,
    Received(Vec<(String, u32)>),
    Inspected(Vec<String>),
    LineRejected(String),
    LineExpired(String),
    LineLost(String),
    Cancelled,
    RefundRequested(String),
    RefundConfirmed(String),
    RefundFailed(String),
    ExchangeCreated(String),
}

/// The time and the chance of a decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a dyn IdSource,
}

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) state: Return,
    pub(crate) events: Vec<Event>,
    /// Units of order lines that no return needs any more.
    pub(crate) released: BTreeMap<String, u32>,
    /// Whether anything has changed at all.
    pub(crate) changed: bool,
}

impl Decided {
    /// The refunds that this decision has asked for.
    pub(crate) fn asked_since(&self, before: &Return) -> &[Refund] {
        self.state
            .refunds
            .get(before.refunds.len()..)
            .unwrap_or_default()
    }
}

impl State {
    /// Whether nothing more happens to the line.
    pub(crate) const fn is_final(self) -> bool {
        match self {
            Self::Requested
            | Self::NeedsReview
            | Self::Approved
            | Self::LabelIssued
            | Self::InTransit
            | Self::Received
            | Self::Inspected => false,
            Self::Refunded
            | Self::Exchanged
            | Self::Credited
            | Self::Returned
            | Self::Rejected
            | Self::LostInTransit
            | Self::Expired
            | Self::Cancelled => true,
        }
    }
}

impl ReturnReason {
    /// Whether the merchant has to answer for it, so that fees are waived and final sale is no bar.
    pub(crate) const fn is_merchants_fault(self) -> bool {
        match self {
            Self::NotAsDescribed
            | Self::Defective
            | Self::Damaged
            | Self::WrongItem
            | Self::LateDelivery
            | Self::NotReceived => true,
            Self::ChangedMind | Self::WrongSize | Self::Withdrawal => false,
        }
    }
}

impl Return {
    /// The header's state: that of the open line that has come least far; once none is open, the
    /// best end that a line has come to, in the order of [`State`]. A favour has no lines: its
    /// state is its money's.
    pub(crate) fn state(&self) -> State {
        let states = || self.lines.iter().map(|line| line.state);
        states()
            .filter(|state| !state.is_final())
            .min()
            .or_else(|| states().min())
            .unwrap_or_else(|| match self.refunds.last() {
                Some(refund) => match refund.state {
                    RefundState::Requested => State::Inspected,
                    RefundState::Confirmed => refund.method.end(),
                    RefundState::Failed => State::Rejected,
                },
                None => State::Requested,
            })
    }

    /// What money can be asked for now: judged lines whose money was not asked for, or was refused;
    /// and instant exchanges whose goods are all judged or will not come any more. With `lost`, lines
    /// that the carrier has lost count as judged.
    pub(crate) fn due(&self, lost: bool) -> Vec<Due<'_>> {
        let refundable = |line: &&ReturnLine| {
            let judged =
                line.state == State::Inspected || (lost && line.state == State::LostInTransit);
            judged && !self.is_being_refunded(&line.return_line_id)
        };
        let plain: Vec<&ReturnLine> = self
            .lines
            .iter()
            .filter(refundable)
            .filter(|line| self.instant_exchange_of(&line.return_line_id).is_none())
            .collect();
        let mut due: Vec<Due<'_>> = self
            .exchanges
            .iter()
            .filter(|exchange| exchange.is_owed(self))
            .map(|exchange| Due {
                exchange: Some((exchange.exchange_id.as_str(), exchange.price())),
                lines: self
                    .lines
                    .iter()
                    .filter(refundable)
                    .filter(|line| exchange.return_line_ids.contains(&line.return_line_id))
                    .collect(),
            })
            .collect();
        if !plain.is_empty() {
            due.push(Due {
                exchange: None,
                lines: plain,
            });
        }
        due
    }

    /// A refund by its id.
    pub(crate) fn refund(&self, refund_id: &str) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.refund_id == refund_id)
    }

    /// An exchange by its id.
    pub(crate) fn exchange(&self, exchange_id: &str) -> Option<&Exchange> {
        self.exchanges
            .iter()
            .find(|exchange| exchange.exchange_id == exchange_id)
    }

    /// The instant exchange that a line was given up for, unless it has been settled.
    fn instant_exchange_of(&self, return_line_id: &str) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| {
            exchange.instant
                && exchange.state != ExchangeState::Completed
                && exchange
                    .return_line_ids
                    .iter()
                    .any(|id| id == return_line_id)
        })
    }

    fn is_being_refunded(&self, return_line_id: &str) -> bool {
        self.refunds.iter().any(|refund| {
            refund.state == RefundState::Requested
                && refund.return_line_ids.iter().any(|id| id == return_line_id)
        })
    }
}

impl RefundMethod {
    /// The end of a line that was paid so.
    const fn end(self) -> State {
        match self {
            Self::Original => State::Refunded,
            Self::StoreCredit | Self::GiftCredit => State::Credited,
            Self::None => State::Returned,
        }
    }
}

#[cfg(test)]
mod tests;
