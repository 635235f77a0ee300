//! Orders.

use postlude_proto::orders::v1 as pb;

use super::{
    parse::{Parse, money, quantity, time},
    shipment,
    words::Word as _,
};
use crate::domain::{
    content::{Content, Line, Tender},
    order::Order,
    payment::Payment,
    refusal::{Refusal, etag},
};

/// Reads what a caller states of an order; "Output only." fields are ignored.
///
/// # Errors
/// [`Refusal::Invalid`] with every field that can't be read, under `order.`.
pub(crate) fn parse_content(order: pb::Order) -> Result<Content, Refusal> {
    let mut parse = Parse::default();
    let content = content(&mut parse, order);
    parse.finish(content)
}

fn content(parse: &mut Parse, order: pb::Order) -> Option<Content> {
    let currency = parse.currency("order.currency_code", &order.currency_code);
    let mut lines = Vec::with_capacity(order.lines.len());
    for (at, line) in order.lines.into_iter().enumerate() {
        lines.extend(self::line(parse, &format!("order.lines[{at}]"), line));
    }
    let mut tenders = Vec::with_capacity(order.tenders.len());
    for (at, tender) in order.tenders.into_iter().enumerate() {
        tenders.extend(self::tender(parse, &format!("order.tenders[{at}]"), tender));
    }
    let shipping_charge = parse.money_or_none("order.shipping_charge", order.shipping_charge);
    let shipping_tax = parse.money_or_none("order.shipping_tax", order.shipping_tax);
    let standard_shipping_charge = parse.money_or_none(
        "order.standard_shipping_charge",
        order.standard_shipping_charge,
    );
    let buyer_kind = parse.word("order.buyer_kind", order.buyer_kind);
    let channel = parse.word("order.channel", order.channel);
    let fulfilment_method = parse.word("order.fulfilment_method", order.fulfilment_method);
    let placed_time = parse.time("order.placed_time", order.placed_time);
    let origin = parse.word("order.origin", order.origin);
    Some(Content {
        order_id: order.order_id,
        customer_id: order.customer_id,
        currency: currency?,
        lines,
        tax_included: order.tax_included,
        shipping_charge: shipping_charge?,
        shipping_tax: shipping_tax?,
        standard_shipping_charge: standard_shipping_charge?,
        destination_country: order.destination_country,
        buyer_kind: buyer_kind?,
        tenders,
        channel: channel?,
        fulfilment_method: fulfilment_method?,
        placed_time: placed_time?,
        origin: origin?,
    })
}

fn line(parse: &mut Parse, path: &str, line: pb::OrderLine) -> Option<Line> {
    let quantity = parse.count(&format!("{path}.quantity"), line.quantity);
    let line_total = parse.money(&format!("{path}.line_total"), line.line_total);
    let tax = parse.money_or_none(&format!("{path}.tax"), line.tax);
    let unit_price = parse.money_or_none(&format!("{path}.unit_price"), line.unit_price);
    let warranty_months = parse.count(&format!("{path}.warranty_months"), line.warranty_months);
    let withdrawal_exemption = match line.withdrawal_exemption {
        0 => Some(None),
        number => parse
            .word(&format!("{path}.withdrawal_exemption"), number)
            .map(Some),
    };
    Some(Line {
        line_id: line.line_id,
        sku: line.sku,
        category: line.category,
        title: line.title,
        quantity: quantity?,
        line_total: line_total?,
        tax: tax?,
        unit_price: unit_price?,
        final_sale: line.final_sale,
        gift: line.gift,
        warranty_months: warranty_months?,
        withdrawal_exemption: withdrawal_exemption?,
    })
}

fn tender(parse: &mut Parse, path: &str, tender: pb::Tender) -> Option<Tender> {
    let kind = parse.word(&format!("{path}.kind"), tender.kind);
    let amount = parse.money(&format!("{path}.amount"), tender.amount);
    Some(Tender {
        tender_id: tender.tender_id,
        kind: kind?,
        amount: amount?,
    })
}

/// Reads a payment that a caller states.
///
/// # Errors
/// [`Refusal::Invalid`] with every field that can't be read, under `payment.`.
pub(crate) fn parse_payment(value: Option<pb::Payment>) -> Result<Payment, Refusal> {
    let mut parse = Parse::default();
    let payment = parse
        .required("payment", value)
        .and_then(|value| payment(&mut parse, value));
    parse.finish(payment)
}

fn payment(parse: &mut Parse, payment: pb::Payment) -> Option<Payment> {
    let kind = parse.word("payment.kind", payment.kind);
    let amount = parse.money("payment.amount", payment.amount);
    let occurred_time = parse.time("payment.occurred_time", payment.occurred_time);
    Some(Payment {
        payment_id: payment.payment_id,
        kind: kind?,
        tender_id: payment.tender_id,
        amount: amount?,
        occurred_time: occurred_time?,
    })
}

/// Reads an order that [`to_stored`] wrote.
///
/// # Errors
/// [`Refusal::Invalid`] if something else wrote it.
pub(crate) fn from_stored(mut stored: pb::Order) -> Result<Order, Refusal> {
    let mut parse = Parse::default();
    let cancelled = stored
        .lines
        .iter()
        .filter(|line| line.cancelled_quantity > 0)
        .map(|line| (line.line_id.clone(), line.cancelled_quantity.unsigned_abs()))
        .collect();
    let mut payments = Vec::with_capacity(stored.payments.len());
    for value in std::mem::take(&mut stored.payments) {
        payments.extend(payment(&mut parse, value));
    }
    let mut shipments = Vec::with_capacity(stored.shipments.len());
    for value in std::mem::take(&mut stored.shipments) {
        shipments.extend(shipment::from_stored(&mut parse, value));
    }
    let create_time = parse.time("order.create_time", stored.create_time);
    let update_time = parse.time("order.update_time", stored.update_time);
    let revision = stored.revision;
    let content = content(&mut parse, stored);
    let order =
        content
            .zip(create_time)
            .zip(update_time)
            .map(|((content, create_time), update_time)| Order {
                content,
                cancelled,
                payments,
                shipments,
                revision,
                create_time,
                update_time,
            });
    parse.finish(order)
}

/// The order as rows keep it: as the world sees it, but with the retailer's own estimates in its
/// shipments, which a carrier's later word hides.
pub(crate) fn to_stored(order: &Order) -> pb::Order {
    let mut stored = to_proto(order);
    for (stored, shipment) in stored.shipments.iter_mut().zip(&order.shipments) {
        stored.estimated_delivery_time = shipment.stated.estimate.map(time);
    }
    stored
}

/// The order as the world sees it.
pub(crate) fn to_proto(order: &Order) -> pb::Order {
    let content = &order.content;
    let tallies = order.tallies();
    let lines = content
        .lines
        .iter()
        .map(|line| {
            let tally = tallies
                .get(line.line_id.as_str())
                .copied()
                .unwrap_or_default();
            pb::OrderLine {
                line_id: line.line_id.clone(),
                sku: line.sku.clone(),
                category: line.category.clone(),
                title: line.title.clone(),
                quantity: quantity(line.quantity),
                line_total: Some(money(line.line_total)),
                tax: line.tax.map(money),
                unit_price: line.unit_price.map(money),
                final_sale: line.final_sale,
                gift: line.gift,
                warranty_months: quantity(line.warranty_months),
                withdrawal_exemption: line.withdrawal_exemption.map_or(0, |word| word.to_proto()),
                cancelled_quantity: quantity(tally.cancelled),
                shipped_quantity: quantity(tally.shipped),
                delivered_quantity: quantity(tally.delivered),
            }
        })
        .collect();
    pb::Order {
        order_id: content.order_id.clone(),
        customer_id: content.customer_id.clone(),
        currency_code: content.currency.to_string(),
        lines,
        tax_included: content.tax_included,
        shipping_charge: content.shipping_charge.map(money),
        shipping_tax: content.shipping_tax.map(money),
        standard_shipping_charge: content.standard_shipping_charge.map(money),
        destination_country: content.destination_country.clone(),
        buyer_kind: content.buyer_kind.to_proto(),
        tenders: content
            .tenders
            .iter()
            .map(|tender| pb::Tender {
                tender_id: tender.tender_id.clone(),
                kind: tender.kind.to_proto(),
                amount: Some(money(tender.amount)),
            })
            .collect(),
        channel: content.channel.to_proto(),
        fulfilment_method: content.fulfilment_method.to_proto(),
        placed_time: Some(time(content.placed_time)),
        origin: content.origin.to_proto(),
        state: order.state().to_proto(),
        payments: order.payments.iter().map(payment_to_proto).collect(),
        shipments: order.shipments.iter().map(shipment::to_proto).collect(),
        revision: order.revision,
        etag: etag(order.revision),
        create_time: Some(time(order.create_time)),
        update_time: Some(time(order.update_time)),
    }
}

/// A payment as proto.
pub(crate) fn payment_to_proto(payment: &Payment) -> pb::Payment {
    pb::Payment {
        payment_id: payment.payment_id.clone(),
        kind: payment.kind.to_proto(),
        tender_id: payment.tender_id.clone(),
        amount: Some(money(payment.amount)),
        occurred_time: Some(time(payment.occurred_time)),
    }
}
