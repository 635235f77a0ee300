//! What a change of an order tells the other services, in the transaction of the change.

use postlude_proto::orders::v1 as pb;
use postlude_store::{StoreError, Tx};

use crate::{
    convert::{
        order::{payment_to_proto, to_proto},
        parse::time,
        shipment::lines_to_proto,
        words::Word as _,
    },
    domain::event::{Changed, OrderEvent},
};

/// Tells a change's events, each with the whole order and marked as being about its customer.
pub(crate) async fn emit(tx: &mut Tx, changed: &Changed) -> Result<(), StoreError> {
    let order = to_proto(&changed.order);
    for event in &changed.events {
        one(tx, &order, event).await?;
    }
    Ok(())
}

async fn one(tx: &mut Tx, order: &pb::Order, event: &OrderEvent) -> Result<(), StoreError> {
    let (id, revision) = (order.order_id.as_str(), order.revision);
    let customer_id = order.customer_id.as_str();
    let order = Some(order.clone());
    match event {
        OrderEvent::Recorded => {
            let event = pb::OrderRecorded { order };
            tx.emit_about(customer_id, id, revision, &event).await
        }
        OrderEvent::LinesCancelled { lines } => {
            let event = pb::OrderLinesCancelled {
                order,
                lines: lines_to_proto(lines),
            };
            tx.emit_about(customer_id, id, revision, &event).await
        }
        OrderEvent::PaymentRecorded { payment } => {
            let event = pb::PaymentRecorded {
                order,
                payment: Some(payment_to_proto(payment)),
            };
            tx.emit_about(customer_id, id, revision, &event).await
        }
        OrderEvent::ShipmentRecorded { shipment_id } => {
            let event = pb::ShipmentRecorded {
                order,
                shipment_id: shipment_id.clone(),
            };
            tx.emit_about(customer_id, id, revision, &event).await
        }
        OrderEvent::TrackingAdvanced {
            shipment_id,
            previous,
            status,
        } => {
            let event = pb::TrackingAdvanced {
                order,
                shipment_id: shipment_id.clone(),
                previous_status: previous.to_proto(),
                status: status.to_proto(),
            };
            tx.emit_about(customer_id, id, revision, &event).await
        }
        OrderEvent::ShipmentDelivered {
            shipment_id,
            lines,
            delivered_time,
        } => {
            let event = pb::ShipmentDelivered {
                order,
                shipment_id: shipment_id.clone(),
                lines: lines_to_proto(lines),
                delivered_time: Some(time(*delivered_time)),
            };
            tx.emit_about(customer_id, id, revision, &event).await
        }
        OrderEvent::OrderDelivered { delivered_time } => {
            let event = pb::OrderDelivered {
                order,
                delivered_time: Some(time(*delivered_time)),
            };
            tx.emit_about(customer_id, id, revision, &event).await
        }
        OrderEvent::DeliveryDelayed {
            shipment_id,
            cause,
            previous_estimate,
            estimate,
        } => {
            let event = pb::DeliveryDelayed {
                order,
                shipment_id: shipment_id.clone(),
                cause: cause.to_proto(),
                previous_estimate: previous_estimate.map(time),
                estimate: estimate.map(time),
            };
            tx.emit_about(customer_id, id, revision, &event).await
        }
    }
}
