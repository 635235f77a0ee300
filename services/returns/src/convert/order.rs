//! An order as orders tells it → the snapshot that returns decides on.

use postlude_proto::orders::v1 as proto;

use super::{Unfit, count, currency, minor, optional_time, time, words};
use crate::domain::order::{Order, OrderLine, Payment, Shipment};

/// Reads an order.
pub(crate) fn parse(order: &proto::Order) -> Result<Order, Unfit> {
    let currency = currency("currency_code", &order.currency_code)?;
    let shipping_charge = minor("shipping_charge", currency, order.shipping_charge.as_ref())?;
    let standard_shipping_charge = match &order.standard_shipping_charge {
        None => shipping_charge,
        Some(charge) => minor("standard_shipping_charge", currency, Some(charge))?,
    };
    Ok(Order {
        order_id: order.order_id.clone(),
        customer_id: order.customer_id.clone(),
        currency,
        lines: order
            .lines
            .iter()
            .map(|line| {
                Ok(OrderLine {
                    line_id: line.line_id.clone(),
                    sku: line.sku.clone(),
                    category: line.category.clone(),
                    quantity: count("lines.quantity", line.quantity)?,
                    cancelled: count("lines.cancelled_quantity", line.cancelled_quantity)?,
                    net: minor("lines.line_total", currency, line.line_total.as_ref())?,
                    tax: minor("lines.tax", currency, line.tax.as_ref())?,
                    final_sale: line.final_sale,
                    gift: line.gift,
                    warranty_months: count("lines.warranty_months", line.warranty_months)?,
                    exemption: words::exemption(
                        "lines.withdrawal_exemption",
                        line.withdrawal_exemption,
                    )?,
                })
            })
            .collect::<Result<_, Unfit>>()?,
        shipping_charge,
        shipping_tax: minor("shipping_tax", currency, order.shipping_tax.as_ref())?,
        standard_shipping_charge,
        destination_country: order.destination_country.clone(),
        consumer: order.buyer_kind() == proto::order::BuyerKind::Consumer,
        channel: words::channel("channel", order.channel)?,
        tax_included: order.tax_included,
        picked_up: order.fulfilment_method() == proto::order::FulfilmentMethod::PickUpInStore,
        placed: time("placed_time", order.placed_time.as_ref())?,
        backfill: order.origin() == proto::order::Origin::Backfill,
        payments: order
            .payments
            .iter()
            .map(|payment| {
                Ok(Payment {
                    kind: words::payment_kind("payments.kind", payment.kind)?,
                    tender_id: payment.tender_id.clone(),
                    amount: minor("payments.amount", currency, payment.amount.as_ref())?,
                })
            })
            .collect::<Result<_, Unfit>>()?,
        shipments: order
            .shipments
            .iter()
            .map(shipment)
            .collect::<Result<_, Unfit>>()?,
        revision: order.revision,
    })
}

fn shipment(shipment: &proto::Shipment) -> Result<Shipment, Unfit> {
    Ok(Shipment {
        lines: shipment
            .lines
            .iter()
            .map(|line| {
                Ok((
                    line.line_id.clone(),
                    count("shipments.lines.quantity", line.quantity)?,
                ))
            })
            .collect::<Result<_, Unfit>>()?,
        shipped: time("shipments.shipped_time", shipment.shipped_time.as_ref())?,
        delivered: optional_time("shipments.delivered_time", shipment.delivered_time.as_ref())?,
        returning: shipment.status() == proto::TrackingStatus::ReturnToSender,
    })
}
