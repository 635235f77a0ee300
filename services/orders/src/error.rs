//! Everything that can go wrong here, in the words a caller acts on.

use std::time::Duration;

use postlude_chassis::rpc::{Broken, Invalid};
use postlude_kernel::{Fault, FaultKind, FieldViolation};
use postlude_store::StoreError;

use crate::domain::refusal::Refusal;

/// An error of this service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No such order of this tenant.
    #[error("there is no order `{0}`")]
    OrderNotFound(String),
    /// No profile of such a customer of this tenant.
    #[error("there is no such customer")]
    CustomerNotFound,
    /// No such erasure of this tenant.
    #[error("there is no erasure `{0}`")]
    ErasureNotFound(String),
    /// A decision said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A message breaks a rule of its contract.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The client's stream broke off.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that this service wrote can't be read.
    #[error("a stored {what} can't be read")]
    Corrupt {
        /// What it is.
        what: &'static str,
        /// Why, where there is a reason.
        #[source]
        source: Option<prost::DecodeError>,
    },
}

impl Fault for Error {
    fn kind(&self) -> FaultKind {
        match self {
            Self::OrderNotFound(_) | Self::CustomerNotFound | Self::ErasureNotFound(_) => {
                FaultKind::NotFound
            }
            Self::Refused(refusal) => refusal_kind(refusal),
            Self::Invalid(invalid) => invalid.kind(),
            Self::Broken(broken) => broken.kind(),
            Self::Store(error) => error.kind(),
            Self::Corrupt { .. } => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::OrderNotFound(_) => "ORDER_NOT_FOUND",
            Self::CustomerNotFound => "CUSTOMER_NOT_FOUND",
            Self::ErasureNotFound(_) => "ERASURE_NOT_FOUND",
            Self::Refused(refusal) => refusal_reason(refusal),
            Self::Invalid(invalid) => invalid.reason(),
            Self::Broken(broken) => broken.reason(),
            Self::Store(error) => error.reason(),
            Self::Corrupt { .. } => "INTERNAL",
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Refused(Refusal::Invalid(wrong) | Refusal::CurrencyMismatch(wrong)) => {
                wrong.clone()
            }
            Self::Invalid(invalid) => invalid.violations(),
            Self::Store(error) => error.violations(),
            Self::Refused(_)
            | Self::Broken(_)
            | Self::OrderNotFound(_)
            | Self::CustomerNotFound
            | Self::ErasureNotFound(_)
            | Self::Corrupt { .. } => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::Broken(broken) => broken.retry_after(),
            Self::Refused(_)
            | Self::Invalid(_)
            | Self::OrderNotFound(_)
            | Self::CustomerNotFound
            | Self::ErasureNotFound(_)
            | Self::Corrupt { .. } => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(refusal) => refusal_metadata(refusal),
            Self::Store(error) => error.metadata(),
            Self::Invalid(_)
            | Self::Broken(_)
            | Self::OrderNotFound(_)
            | Self::CustomerNotFound
            | Self::ErasureNotFound(_)
            | Self::Corrupt { .. } => Vec::new(),
        }
    }
}

const fn refusal_kind(refusal: &Refusal) -> FaultKind {
    match refusal {
        Refusal::Invalid(_) | Refusal::CurrencyMismatch(_) => FaultKind::InvalidArgument,
        Refusal::LineNotFound { .. } | Refusal::ShipmentNotFound { .. } => FaultKind::NotFound,
        Refusal::CurrencyChanged { .. }
        | Refusal::LineShipped { .. }
        | Refusal::CancelQuantityExceeded { .. }
        | Refusal::ShipmentQuantityExceeded { .. }
        | Refusal::PaymentConflict { .. }
        | Refusal::EtagMismatch { .. }
        | Refusal::CustomerErased => FaultKind::FailedPrecondition,
    }
}

const fn refusal_reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid(_) => "VALIDATION_FAILED",
        Refusal::CurrencyMismatch(_) => "ORDER_CURRENCY_MISMATCH",
        Refusal::CurrencyChanged { .. } => "ORDER_CURRENCY_CHANGED",
        Refusal::LineNotFound { .. } => "ORDER_LINE_NOT_FOUND",
        Refusal::LineShipped { .. } => "ORDER_LINE_SHIPPED",
        Refusal::CancelQuantityExceeded { .. } => "CANCEL_QUANTITY_EXCEEDED",
        Refusal::ShipmentNotFound { .. } => "SHIPMENT_NOT_FOUND",
        Refusal::ShipmentQuantityExceeded { .. } => "SHIPMENT_QUANTITY_EXCEEDED",
        Refusal::PaymentConflict { .. } => "PAYMENT_CONFLICT",
        Refusal::EtagMismatch { .. } => "ETAG_MISMATCH",
        Refusal::CustomerErased => "CUSTOMER_ERASED",
    }
}

fn refusal_metadata(refusal: &Refusal) -> Vec<(&'static str, String)> {
    match refusal {
        Refusal::CancelQuantityExceeded { line_id, open, .. }
        | Refusal::ShipmentQuantityExceeded { line_id, open, .. } => {
            vec![
                ("line_id", line_id.clone()),
                ("open_quantity", open.to_string()),
            ]
        }
        Refusal::LineShipped { line_id, settled } => vec![
            ("line_id", line_id.clone()),
            ("settled_quantity", settled.to_string()),
        ],
        Refusal::EtagMismatch { current } => vec![("etag", current.clone())],
        Refusal::LineNotFound { line_id } => vec![("line_id", line_id.clone())],
        Refusal::ShipmentNotFound { shipment_id } => vec![("shipment_id", shipment_id.clone())],
        Refusal::PaymentConflict { payment_id } => vec![("payment_id", payment_id.clone())],
        Refusal::Invalid(_)
        | Refusal::CurrencyMismatch(_)
        | Refusal::CurrencyChanged { .. }
        | Refusal::CustomerErased => Vec::new(),
    }
}
