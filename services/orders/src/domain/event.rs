//! What a change tells the other services.

use postlude_kernel::Timestamp;

use super::{order::Order, payment::Payment, shipment::LineQuantity, tracking::Status};

/// A changed order with what happened.
///
/// One change is one revision; its events all carry that revision and the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) order: Order,
    pub(crate) events: Vec<OrderEvent>,
}

/// One fact about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderEvent {
    Recorded,
    LinesCancelled {
        lines: Vec<LineQuantity>,
    },
    PaymentRecorded {
        payment: Payment,
    },
    ShipmentRecorded {
        shipment_id: String,
    },
    /// A scan was taken in. `previous` and `status` are equal where it moved nothing.
    TrackingAdvanced {
        shipment_id: String,
        previous: Status,
        status: Status,
    },
    ShipmentDelivered {
        shipment_id: String,
        lines: Vec<LineQuantity>,
        delivered_time: Timestamp,
    },
    OrderDelivered {
        delivered_time: Timestamp,
    },
    DeliveryDelayed {
        shipment_id: String,
        cause: DelayCause,
        previous_estimate: Option<Timestamp>,
        estimate: Option<Timestamp>,
    },
}

/// What is known of a delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DelayCause {
    /// A later time was named.
    EstimateRevised,
    /// No scan for too long.
    Stuck,
}
