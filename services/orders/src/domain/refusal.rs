//! Why a decision says no.

use postlude_kernel::{Currency, FieldViolation};

/// A rule that a command breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Fields break rules that need no state.
    #[error("{}", sentence(.0))]
    Invalid(Vec<FieldViolation>),
    /// An amount is in another currency than its order.
    #[error("{}", sentence(.0))]
    CurrencyMismatch(Vec<FieldViolation>),
    /// A recorded order's currency is for good.
    #[error("the order is in {was} and can't become one in {wanted}")]
    CurrencyChanged {
        /// As recorded.
        was: Currency,
        /// As asked for.
        wanted: Currency,
    },
    /// The order has no such line.
    #[error("the order has no line `{line_id}`")]
    LineNotFound {
        /// The line.
        line_id: String,
    },
    /// Units that were shipped or cancelled can't be taken out of the order.
    #[error("line `{line_id}`: {settled} units are shipped or cancelled already")]
    LineShipped {
        /// The line.
        line_id: String,
        /// Units shipped or cancelled.
        settled: u32,
    },
    /// More units than are open can't be cancelled.
    #[error("line `{line_id}`: {open} units can be cancelled, {wanted} were asked for")]
    CancelQuantityExceeded {
        /// The line.
        line_id: String,
        /// Units neither shipped nor cancelled.
        open: u32,
        /// Units asked for.
        wanted: u32,
    },
    /// The order has no such shipment.
    #[error("the order has no shipment `{shipment_id}`")]
    ShipmentNotFound {
        /// The shipment.
        shipment_id: String,
    },
    /// More units than were ordered and not cancelled can't be shipped.
    #[error("line `{line_id}`: {open} units can be in this shipment, {wanted} were named")]
    ShipmentQuantityExceeded {
        /// The line.
        line_id: String,
        /// Units neither cancelled nor in another shipment.
        open: u32,
        /// Units named.
        wanted: u32,
    },
    /// The same payment id with another content.
    #[error("payment `{payment_id}` is recorded with another content")]
    PaymentConflict {
        /// The payment.
        payment_id: String,
    },
    /// The caller saw another state.
    #[error("it has changed since: the etag is now \"{current}\"")]
    EtagMismatch {
        /// The etag now; empty if there is nothing.
        current: String,
    },
    /// The customer was erased; nothing about them is taken in again.
    #[error("the customer was erased")]
    CustomerErased,
}

/// Violations as one sentence.
fn sentence(violations: &[FieldViolation]) -> String {
    violations
        .iter()
        .map(|violation| format!("{}: {}", violation.field, violation.description))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Checks what the caller saw. An empty etag means that it doesn't matter to them.
pub(crate) fn check_etag(wanted: &str, current_revision: Option<i64>) -> Result<(), Refusal> {
    let current = current_revision.map_or_else(String::new, etag);
    if wanted.is_empty() || wanted == current {
        Ok(())
    } else {
        Err(Refusal::EtagMismatch { current })
    }
}

/// A revision's etag.
pub(crate) fn etag(revision: i64) -> String {
    revision.to_string()
}
