//! The shop's own orders: what orders would tell and answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use postlude_kernel::Timestamp;
use postlude_proto::{
    orders::v1::{order::*, *},
    r#type::v1::Money,
};
use postlude_testkit::Kit;

use super::TENANT;

/// Orders by number. Every change makes a revision.
#[derive(Clone, Default)]
pub(crate) struct Shop(Arc<Mutex<BTreeMap<String, Order>>>);

impl Shop {
    pub(crate) fn insert(&self, order: Order) {
        self.0.lock().unwrap().insert(order.order_id.clone(), order);
    }

    pub(crate) fn find(&self, order_id: &str) -> Option<Order> {
        self.0.lock().unwrap().get(order_id).cloned()
    }

    pub(crate) fn get(&self, order_id: &str) -> Order {
        self.find(order_id).unwrap()
    }

    pub(crate) fn change(&self, order_id: &str, change: impl FnOnce(&mut Order)) {
        let mut orders = self.0.lock().unwrap();
        let order = orders.get_mut(order_id).unwrap();
        change(order);
        order.revision += 1;
    }

    /// Everything is paid for.
    pub(crate) fn capture(&self, order_id: &str) {
        let amount = |money: &Option<Money>| money.as_ref().map_or(0, |money| money.amount_minor);
        let order = self.get(order_id);
        let sum = order
            .lines
            .iter()
            .map(|line| amount(&line.line_total) + amount(&line.tax))
            .sum::<i64>()
            + amount(&order.shipping_charge)
            + amount(&order.shipping_tax);
        self.pay(order_id, payment::Kind::Captured, sum);
    }

    /// A fact about money.
    pub(crate) fn pay(&self, order_id: &str, kind: payment::Kind, minor: i64) {
        self.change(order_id, |order| {
            order.payments.push(Payment {
                payment_id: format!("pay-{}", order.payments.len()),
                kind: kind.into(),
                tender_id: String::new(),
                amount: Some(eur(minor)),
                occurred_time: order.placed_time,
            });
        });
    }

    /// All of it leaves in one parcel, on the day of the order.
    pub(crate) fn ship(&self, order_id: &str) {
        self.change(order_id, |order| {
            order.shipments.push(Shipment {
                shipment_id: "s-1".to_owned(),
                lines: order
                    .lines
                    .iter()
                    .map(|line| ShipmentLine {
                        line_id: line.line_id.clone(),
                        quantity: line.quantity - line.cancelled_quantity,
                    })
                    .collect(),
                carrier: "dhl".to_owned(),
                shipped_time: order.placed_time,
                status: TrackingStatus::InTransit.into(),
                ..Default::default()
            });
        });
    }

    /// Every parcel arrives.
    pub(crate) fn deliver(&self, order_id: &str, time: Timestamp) {
        self.change(order_id, |order| {
            for shipment in &mut order.shipments {
                shipment.status = TrackingStatus::Delivered.into();
                shipment.delivered_time = Some(stamp(time));
            }
        });
    }

    /// Tells the order as it is now.
    pub(crate) async fn tell(&self, kit: &Kit, order_id: &str) {
        let order = self.get(order_id);
        let event = OrderRecorded {
            order: Some(order.clone()),
        };
        kit.publish(TENANT, order_id, order.revision, &event).await;
    }
}

/// An order of a consumer in Germany, placed on 2026-03-01, with 5.95 of shipping.
pub(crate) fn ordered(order_id: &str, lines: Vec<OrderLine>) -> Order {
    Order {
        order_id: order_id.to_owned(),
        customer_id: "customer-1".to_owned(),
        currency_code: "EUR".to_owned(),
        lines,
        tax_included: true,
        shipping_charge: Some(eur(500)),
        shipping_tax: Some(eur(95)),
        destination_country: "DE".to_owned(),
        buyer_kind: BuyerKind::Consumer.into(),
        channel: Channel::Online.into(),
        fulfilment_method: FulfilmentMethod::Ship.into(),
        placed_time: Some(stamp(at("2026-03-01T12:00:00Z"))),
        origin: Origin::Live.into(),
        state: State::Open.into(),
        revision: 1,
        ..Default::default()
    }
}

/// A line at 10.00 and 1.90 of tax a unit.
pub(crate) fn line(line_id: &str, quantity: i32) -> OrderLine {
    OrderLine {
        line_id: line_id.to_owned(),
        sku: "shoe-42".to_owned(),
        category: "shoes".to_owned(),
        quantity,
        line_total: Some(eur(1_000 * i64::from(quantity))),
        tax: Some(eur(190 * i64::from(quantity))),
        ..Default::default()
    }
}

pub(crate) fn eur(amount_minor: i64) -> Money {
    Money {
        currency_code: "EUR".to_owned(),
        amount_minor,
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn stamp(time: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = time.to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}
