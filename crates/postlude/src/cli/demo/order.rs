//! What the story is about: an order of three lines in two parcels, always the same but for its
//! number and its times.

use postlude_kernel::Timestamp;
use postlude_proto::{
    orders::v1::{
        self as proto, GetOrderRequest, OrderLine, Payment, Shipment, ShipmentLine, Tender,
        TrackingEvent, TrackingStatus, order, payment, tender,
    },
    r#type::v1::Money,
};

use super::platform::Platform;
use crate::cli::client::{Tried as _, reason};

/// Hours between the purchase and now, in a story that is told for the first time.
const PLACED_HOURS_AGO: i64 = 7 * 24;

/// The order of a story.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) order_id: String,
    pub(super) customer_id: String,
    placed: Timestamp,
    /// Whether the platform knew it when the story began.
    pub(super) resumed: bool,
}

impl Order {
    /// The order of a story. If it was told before, its times are those of then, so that every
    /// repeated request is the same to the byte.
    pub(super) async fn new(
        platform: &Platform,
        story: &str,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let order_id = format!("DEMO-{story}");
        let found = platform
            .find(async || {
                let request = GetOrderRequest {
                    order_id: order_id.clone(),
                };
                platform.orders().get_order(request).await
            })
            .await;
        let known = match found {
            Err(status) if reason(&status) == "ORDER_NOT_FOUND" => None,
            found => found.tried("the order can't be looked up")?.placed_time,
        };
        let (seconds, _) = now.to_seconds_nanos();
        let placed = match &known {
            Some(time) => Timestamp::from_seconds_nanos(time.seconds, time.nanos)?,
            None => Timestamp::from_seconds_nanos(seconds - PLACED_HOURS_AGO * 3_600, 0)?,
        };
        Ok(Self {
            customer_id: format!("DEMO-CUSTOMER-{story}"),
            order_id,
            placed,
            resumed: known.is_some(),
        })
    }

    /// Another order of the same customer and content, to try things out on.
    pub(super) fn rehearsal(&self) -> Self {
        Self {
            order_id: format!("{}-rehearsal", self.order_id),
            ..self.clone()
        }
    }

    /// A time of the story, in hours after the purchase.
    pub(super) fn hours(&self, hours: i64) -> Option<prost_types::Timestamp> {
        let micros = hours.saturating_mul(3_600_000_000);
        let time = Timestamp::from_micros(self.placed.as_micros().saturating_add(micros));
        let (seconds, nanos) = time.to_seconds_nanos();
        Some(prost_types::Timestamp { seconds, nanos })
    }

    /// The order as the retailer's system records it.
    pub(super) fn content(&self) -> proto::Order {
        proto::Order {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
            currency_code: "USD".to_owned(),
            lines: vec![
                line(
                    "1",
                    "HEADPHONES-7",
                    "electronics",
                    "Headphones",
                    2,
                    29_800,
                    2_384,
                ),
                line("2", "TSHIRT-M", "apparel", "T-shirt", 1, 2_500, 200),
                line("3", "SOCKS-3P", "apparel", "Socks", 3, 2_997, 240),
            ],
            shipping_charge: usd(795),
            shipping_tax: usd(0),
            destination_country: "US".to_owned(),
            buyer_kind: order::BuyerKind::Consumer.into(),
            tenders: vec![Tender {
                tender_id: "card".to_owned(),
                kind: tender::Kind::Card.into(),
                amount: self.total(),
            }],
            channel: order::Channel::Online.into(),
            fulfilment_method: order::FulfilmentMethod::Ship.into(),
            placed_time: self.hours(0),
            origin: order::Origin::Live.into(),
            ..proto::Order::default()
        }
    }

    /// What the customer paid.
    #[allow(
        clippy::unused_self,
        reason = "a fact about the order, whichever it is"
    )]
    pub(super) fn total(&self) -> Option<Money> {
        usd(29_800 + 2_384 + 2_500 + 200 + 2_997 + 240 + 795)
    }

    /// The payment, captured when the first parcel left.
    pub(super) fn payment(&self) -> Payment {
        Payment {
            payment_id: format!("{}-capture", self.order_id),
            kind: payment::Kind::Captured.into(),
            tender_id: "card".to_owned(),
            amount: self.total(),
            occurred_time: self.hours(20),
        }
    }

    /// The parcels: headphones and T-shirt in one, socks in the other.
    pub(super) fn shipments(&self) -> [Shipment; 2] {
        let parcel = |name: &str, lines: &[(&str, i32)], hours| Shipment {
            shipment_id: format!("{}-{name}", self.order_id),
            lines: lines
                .iter()
                .map(|(line_id, quantity)| ShipmentLine {
                    line_id: (*line_id).to_owned(),
                    quantity: *quantity,
                })
                .collect(),
            carrier: "ups".to_owned(),
            tracking_number: format!("1Z-{}-{name}", self.order_id),
            shipped_time: self.hours(hours),
            estimated_delivery_time: self.hours(hours + 72),
            ..Shipment::default()
        };
        [
            parcel("A", &[("1", 2), ("2", 1)], 20),
            parcel("B", &[("3", 3)], 30),
        ]
    }

    /// A parcel's scans as carriers send them: out of order, and one of them twice.
    pub(super) fn scans(&self, shipment: &Shipment, first_hour: i64) -> Vec<TrackingEvent> {
        let scan =
            |number: i64, status: TrackingStatus, hours: i64, location: &str| TrackingEvent {
                event_id: format!("{}-{number}", shipment.shipment_id),
                status: status.into(),
                occurred_time: self.hours(first_hour + hours),
                location: location.to_owned(),
                ..TrackingEvent::default()
            };
        let picked_up = scan(1, TrackingStatus::InTransit, 1, "Reno, NV");
        let on_the_van = scan(2, TrackingStatus::OutForDelivery, 40, "Oakland, CA");
        let delivered = scan(3, TrackingStatus::Delivered, 46, "Oakland, CA");
        vec![on_the_van.clone(), delivered, picked_up, on_the_van]
    }
}

fn line(
    line_id: &str,
    sku: &str,
    category: &str,
    title: &str,
    quantity: i32,
    total: i64,
    tax: i64,
) -> OrderLine {
    OrderLine {
        line_id: line_id.to_owned(),
        sku: sku.to_owned(),
        category: category.to_owned(),
        title: title.to_owned(),
        quantity,
        line_total: usd(total),
        tax: usd(tax),
        ..OrderLine::default()
    }
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "money stands in messages as an option"
)]
fn usd(amount_minor: i64) -> Option<Money> {
    Some(Money {
        currency_code: "USD".to_owned(),
        amount_minor,
    })
}
