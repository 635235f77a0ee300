//! Everything that can go wrong in returns, with the kind and the reason that a caller reads.

use std::time::Duration;

use postlude_kernel::{Fault, FaultKind, FieldViolation};
use postlude_store::StoreError;

use crate::{
    convert::Unfit,
    domain::{
        Reason, claim::ClaimRefused, limits::QuantityExceeded, refund::RefundRefused,
        return_request::Refused,
    },
};

/// An error of returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The order isn't there.
    #[error("there is no order `{0}`")]
    OrderNotFound(String),
    /// The order has no such line.
    #[error("order `{order_id}` has no line `{line_id}`")]
    OrderLineNotFound { order_id: String, line_id: String },
    /// The return isn't there.
    #[error("there is no return `{0}`")]
    ReturnNotFound(String),
    /// The quote isn't there.
    #[error("there is no quote `{0}`")]
    QuoteNotFound(String),
    /// The quote held for a while, and that while is over.
    #[error("quote `{0}` has expired: ask for another")]
    QuoteExpired(String),
    /// What the quote rests on has changed.
    #[error("the facts behind quote `{0}` have changed: ask for another")]
    QuoteChanged(String),
    /// More units than are left.
    #[error("{} units of line `{}` were asked for and {} can still come back", .0.requested, .0.line_id, .0.available)]
    QuantityExceeded(QuantityExceeded),
    /// The policy says no.
    #[error("the return is not allowed: {}", texts(.reasons))]
    NotAllowed {
        reasons: Vec<Reason>,
        run_id: String,
    },
    /// The claim isn't there.
    #[error("there is no claim `{0}`")]
    ClaimNotFound(String),
    /// The claim, or what it is about, says no.
    #[error(transparent)]
    ClaimRefused(#[from] ClaimRefused),
    /// The return's state says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The refund isn't there.
    #[error("there is no refund `{0}`")]
    RefundNotFound(String),
    /// The money says no.
    #[error("{0}")]
    RefundRefused(#[from] RefundRefused),
    /// The line wasn't bought as a gift.
    #[error("line `{0}` was not bought as a gift")]
    NotAGift(String),
    /// The payment endpoint may not be called.
    #[error("the payment endpoint can't be used: {0}")]
    EndpointRefused(String),
    /// The run isn't there.
    #[error("there is no run `{0}`")]
    RunNotFound(String),
    /// The run says nothing when it is repeated.
    #[error("run `{run_id}` can't be replayed: {why}")]
    RunNotReplayable { run_id: String, why: String },
    /// The run's content is gone with the customer.
    #[error("the content of run `{0}` was erased with its customer")]
    RunErased(String),
    /// Somebody changed it since it was seen.
    #[error("the etag is not that of the current state: it has changed since it was seen")]
    EtagMismatch,
    /// The request breaks a rule that its message can't say.
    #[error("{0}")]
    Invalid(#[from] Unfit),
    /// Every slot for plugins is taken.
    #[error("too many policies are being asked at once")]
    Overloaded,
    /// The tenant's plugins aren't known here yet, and what must be asked once can't wait for a person.
    #[error("the tenant's plugins are not known here yet")]
    PolicyUnknown,
    /// Another service didn't answer, or not as it should.
    #[error("{service} didn't answer: {message}")]
    Upstream {
        service: &'static str,
        message: String,
        transient: bool,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn texts(reasons: &[Reason]) -> String {
    reasons
        .iter()
        .map(|reason| reason.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

impl From<postlude_plugin_host::Overloaded> for Error {
    fn from(_: postlude_plugin_host::Overloaded) -> Self {
        Self::Overloaded
    }
}

impl Fault for Error {
    fn kind(&self) -> FaultKind {
        match self {
            Self::OrderNotFound(_)
            | Self::ReturnNotFound(_)
            | Self::QuoteNotFound(_)
            | Self::RefundNotFound(_)
            | Self::RunNotFound(_)
            | Self::ClaimNotFound(_)
            | Self::OrderLineNotFound { .. } => FaultKind::NotFound,
            Self::ClaimRefused(refused) => match refused {
                ClaimRefused::LineNotFound { .. } => FaultKind::NotFound,
                ClaimRefused::QuantityExceeded(_)
                | ClaimRefused::NoWarranty { .. }
                | ClaimRefused::WarrantyOver { .. }
                | ClaimRefused::State(_) => FaultKind::FailedPrecondition,
                ClaimRefused::NothingToRepair | ClaimRefused::NothingToReturn => {
                    FaultKind::InvalidArgument
                }
            },
            Self::QuoteExpired(_)
            | Self::QuoteChanged(_)
            | Self::QuantityExceeded(_)
            | Self::NotAllowed { .. }
            | Self::NotAGift(_)
            | Self::RefundRefused(_)
            | Self::RunNotReplayable { .. }
            | Self::RunErased(_) => FaultKind::FailedPrecondition,
            Self::Refused(refused) => match refused {
                Refused::LineNotFound(_) | Refused::RefundNotFound(_) => FaultKind::NotFound,
                Refused::State { .. }
                | Refused::ReceiveExceeded { .. }
                | Refused::InspectExceeded { .. }
                | Refused::RefundState { .. }
                | Refused::RefundNotDue
                | Refused::ExchangeOpen(_) => FaultKind::FailedPrecondition,
            },
            Self::EndpointRefused(_) | Self::Invalid(_) => FaultKind::InvalidArgument,
            Self::EtagMismatch => FaultKind::FailedPrecondition,
            Self::Overloaded => FaultKind::ResourceExhausted,
            Self::PolicyUnknown => FaultKind::Unavailable,
            Self::Upstream { transient, .. } => {
                if *transient {
                    FaultKind::Unavailable
                } else {
                    FaultKind::Internal
                }
            }
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::OrderNotFound(_) => "ORDER_NOT_FOUND",
            Self::OrderLineNotFound { .. } => "ORDER_LINE_NOT_FOUND",
            Self::ReturnNotFound(_) => "RETURN_NOT_FOUND",
            Self::QuoteNotFound(_) => "QUOTE_NOT_FOUND",
            Self::QuoteExpired(_) => "QUOTE_EXPIRED",
            Self::QuoteChanged(_) => "QUOTE_CHANGED",
            Self::QuantityExceeded(_) => "RETURN_QUANTITY_EXCEEDED",
            Self::NotAllowed { .. } => "RETURN_NOT_ALLOWED",
            Self::ClaimNotFound(_) => "CLAIM_NOT_FOUND",
            Self::ClaimRefused(refused) => match refused {
                ClaimRefused::LineNotFound { .. } => "ORDER_LINE_NOT_FOUND",
                ClaimRefused::QuantityExceeded(_) => "CLAIM_QUANTITY_EXCEEDED",
                ClaimRefused::NoWarranty { .. } | ClaimRefused::WarrantyOver { .. } => {
                    "WARRANTY_OVER"
                }
                ClaimRefused::State(_) => "CLAIM_STATE_INVALID",
                ClaimRefused::NothingToRepair | ClaimRefused::NothingToReturn => {
                    "VALIDATION_FAILED"
                }
            },
            Self::Refused(refused) => match refused {
                Refused::State { .. } => "RETURN_STATE_INVALID",
                Refused::LineNotFound(_) => "RETURN_LINE_NOT_FOUND",
                Refused::ReceiveExceeded { .. } => "RECEIVE_QUANTITY_EXCEEDED",
                Refused::InspectExceeded { .. } => "INSPECT_QUANTITY_EXCEEDED",
                Refused::RefundNotFound(_) => "REFUND_NOT_FOUND",
                Refused::RefundState { .. } => "REFUND_STATE_INVALID",
                Refused::RefundNotDue => "REFUND_NOT_DUE",
                Refused::ExchangeOpen(_) => "EXCHANGE_OPEN",
            },
            Self::RefundNotFound(_) => "REFUND_NOT_FOUND",
            Self::RefundRefused(refused) => match refused {
                RefundRefused::Disputed => "REFUND_DISPUTED",
                RefundRefused::ExceedsCaptured { .. } => "REFUND_EXCEEDS_CAPTURED",
                RefundRefused::LineGone(_) => "ORDER_LINE_NOT_FOUND",
            },
            Self::NotAGift(_) => "NOT_A_GIFT",
            Self::EndpointRefused(_) => "PAYMENT_ENDPOINT_REFUSED",
            Self::RunNotFound(_) => "RUN_NOT_FOUND",
            Self::RunNotReplayable { .. } => "RUN_NOT_REPLAYABLE",
            Self::RunErased(_) => "RUN_ERASED",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::Invalid(_) => "VALIDATION_FAILED",
            Self::Overloaded => "POLICY_OVERLOADED",
            Self::PolicyUnknown => "POLICY_UNKNOWN",
            Self::Upstream { transient, .. } => {
                if *transient {
                    "UPSTREAM_UNAVAILABLE"
                } else {
                    "INTERNAL"
                }
            }
            Self::Store(error) => error.reason(),
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        if let Self::Invalid(unfit) = self {
            vec![unfit.0.clone()]
        } else if let Self::ClaimRefused(ClaimRefused::NothingToRepair) = self {
            vec![FieldViolation::new(
                "resolution",
                "must not be REPAIR for a missing parcel",
            )]
        } else if let Self::ClaimRefused(ClaimRefused::NothingToReturn) = self {
            vec![FieldViolation::new(
                "return_required",
                "must be false for a missing parcel",
            )]
        } else if let Self::EndpointRefused(why) = self {
            vec![FieldViolation::new("settings.payment_endpoint", why)]
        } else if let Self::Store(error) = self {
            error.violations()
        } else {
            Vec::new()
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Store(error) = self {
            error.retry_after()
        } else if matches!(self, Self::Overloaded) {
            Some(Duration::from_millis(200))
        } else if matches!(
            self,
            Self::PolicyUnknown
                | Self::Upstream {
                    transient: true,
                    ..
                }
        ) {
            Some(Duration::from_secs(1))
        } else {
            None
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        if let Self::QuantityExceeded(exceeded)
        | Self::ClaimRefused(ClaimRefused::QuantityExceeded(exceeded)) = self
        {
            vec![
                ("line_id", exceeded.line_id.clone()),
                ("requested_quantity", exceeded.requested.to_string()),
                ("available_quantity", exceeded.available.to_string()),
            ]
        } else if let Self::NotAllowed { reasons, run_id } = self {
            let codes: Vec<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
            vec![("reasons", codes.join(",")), ("run_id", run_id.clone())]
        } else if let Self::RefundRefused(RefundRefused::ExceedsCaptured {
            requested,
            available,
        }) = self
        {
            vec![
                ("requested_minor", requested.amount_minor.to_string()),
                ("available_minor", available.amount_minor.to_string()),
            ]
        } else if let Self::Store(error) = self {
            error.metadata()
        } else {
            Vec::new()
        }
    }
}
