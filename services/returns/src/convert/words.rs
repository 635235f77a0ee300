//! The enums of the contract and those of the domain, word for word.

use postlude_proto::{orders::v1 as orders, returns::v1 as proto};

use super::Unfit;
use crate::domain::{
    claim::{ClaimKind, ClaimState, ResolutionKind},
    order::{Channel, Exemption, PaymentKind},
    policy::Outcome,
    return_request::{
        Disposition, ExchangeState, LabelState, Method, RefundMethod, RefundState, ReturnReason,
        State,
    },
};

/// Declares the way in alone, for words that only orders says.
macro_rules! heard {
    ($parse:ident: $proto:path => $domain:path { $($from:ident <=> $to:ident),+ $(,)? }) => {
        /// The domain's word.
        pub(crate) fn $parse(field: &str, value: i32) -> Result<$domain, Unfit> {
            use $domain as Domain;
            use $proto as Proto;
            $(if value == Proto::$from as i32 {
                return Ok(Domain::$to);
            })+
            Err(Unfit::new(field, format!("has no such value: {value}")))
        }
    };
}

/// Declares both directions between an enum of the contract and one of the domain. What the domain
/// has no word for is unfit.
macro_rules! words {
    ($parse:ident, $message:ident: $proto:path => $domain:path { $($from:ident <=> $to:ident),+ $(,)? }) => {
        heard!($parse: $proto => $domain { $($from <=> $to),+ });

        /// The contract's word.
        pub(crate) fn $message(value: $domain) -> $proto {
            use $domain as Domain;
            use $proto as Proto;
            match value { $(Domain::$to => Proto::$from),+ }
        }
    };
}

words!(state, state_message: proto::r#return::State => State {
    Requested <=> Requested, NeedsReview <=> NeedsReview, Approved <=> Approved,
    LabelIssued <=> LabelIssued, InTransit <=> InTransit, Received <=> Received,
    Inspected <=> Inspected, Refunded <=> Refunded, Exchanged <=> Exchanged,
    Credited <=> Credited, Rejected <=> Rejected, Cancelled <=> Cancelled,
    Expired <=> Expired, LostInTransit <=> LostInTransit, Returned <=> Returned,
});

words!(reason, reason_message: proto::ReturnReason => ReturnReason {
    ChangedMind <=> ChangedMind, WrongSize <=> WrongSize, NotAsDescribed <=> NotAsDescribed,
    Defective <=> Defective, Damaged <=> Damaged, WrongItem <=> WrongItem,
    LateDelivery <=> LateDelivery, Withdrawal <=> Withdrawal, NotReceived <=> NotReceived,
});

words!(method, method_message: proto::ReturnMethod => Method {
    Mail <=> Mail, Store <=> Store, Pickup <=> Pickup,
});

words!(refund_method, refund_method_message: proto::RefundMethod => RefundMethod {
    Original <=> Original, StoreCredit <=> StoreCredit, GiftCredit <=> GiftCredit, None <=> None,
});

words!(exchange_state, exchange_state_message: proto::exchange::State => ExchangeState {
    AwaitingGoods <=> AwaitingGoods, AwaitingPayment <=> AwaitingPayment,
    Completed <=> Completed, Failed <=> Failed,
});

words!(disposition, disposition_message: proto::Disposition => Disposition {
    Restock <=> Restock, Refurbish <=> Refurbish, Donate <=> Donate, Discard <=> Discard,
    Missing <=> Missing,
});

words!(outcome, outcome_message: proto::Outcome => Outcome {
    Approved <=> Approved, Declined <=> Declined, NeedsReview <=> NeedsReview,
});

words!(label_state, label_state_message: proto::label::State => LabelState {
    Pending <=> Pending, Issued <=> Issued, Failed <=> Failed,
});

words!(claim_kind, claim_kind_message: proto::claim::Kind => ClaimKind {
    Warranty <=> Warranty, Damaged <=> Damaged, WrongItem <=> WrongItem,
    MissingParcel <=> MissingParcel,
});

words!(claim_state, claim_state_message: proto::claim::State => ClaimState {
    Open <=> Open, Resolved <=> Resolved, Denied <=> Denied,
});

words!(resolution_kind, resolution_kind_message: proto::claim_resolution::Kind => ResolutionKind {
    Repair <=> Repair, Replacement <=> Replacement, Refund <=> Refund, Denial <=> Denial,
});

words!(refund_state, refund_state_message: proto::refund::State => RefundState {
    Requested <=> Requested, Confirmed <=> Confirmed, Failed <=> Failed,
});

heard!(channel: orders::order::Channel => Channel {
    Online <=> Online, Store <=> Store, Marketplace <=> Marketplace,
});

heard!(exemption: orders::order_line::WithdrawalExemption => Exemption {
    Unspecified <=> None, CustomMade <=> CustomMade, Perishable <=> Perishable,
    SealedHygiene <=> SealedHygiene, SealedMedia <=> SealedMedia,
});

heard!(payment_kind: orders::payment::Kind => PaymentKind {
    Authorized <=> Authorized, Captured <=> Captured,
    RefundedExternally <=> RefundedExternally, Disputed <=> Disputed,
    DisputeClosed <=> DisputeClosed,
});
