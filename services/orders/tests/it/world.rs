//! The service started for a test, and what most tests need of it.

use std::ops::Deref;

use postlude_chassis::ServiceChannel;
use postlude_kernel::Timestamp;
use postlude_proto::{
    orders::v1::{
        self as pb, customer_service_client::CustomerServiceClient,
        order_service_client::OrderServiceClient,
    },
    r#type::v1::Money,
};
use postlude_testkit::{Database, Kit, Start};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// The tenant of most tests.
pub(crate) const SHOP: &str = "shop";

/// The service at work.
pub(crate) struct Orders(Kit);

impl Start for Orders {
    async fn start(database: Database) -> Self {
        Self::configured(database, "").await
    }
}

impl Deref for Orders {
    type Target = Kit;
    fn deref(&self) -> &Kit {
        &self.0
    }
}

impl Orders {
    /// Starts it with a configuration of its own.
    pub(crate) async fn configured(database: Database, toml: &str) -> Self {
        let kit = Kit::builder()
            .config(toml)
            .start("orders", database, |context| async move {
                context.store.migrate::<postlude_orders::Migrator>().await?;
                let service = postlude_orders::service(context)?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(service)
            })
            .await;
        Self(kit)
    }

    pub(crate) fn orders(&self) -> OrderServiceClient<ServiceChannel> {
        OrderServiceClient::new(self.full_channel(SHOP))
    }

    pub(crate) fn customers(&self) -> CustomerServiceClient<ServiceChannel> {
        CustomerServiceClient::new(self.full_channel(SHOP))
    }

    /// Ends it and starts it again on the same data.
    pub(crate) async fn again(&mut self) {
        self.0.restart().await;
    }

    /// Records [`order`].
    pub(crate) async fn recorded(&self, order_id: &str) -> pb::Order {
        self.record(order(order_id)).await.unwrap()
    }

    pub(crate) async fn record(&self, order: pb::Order) -> Result<pb::Order, Status> {
        let request = pb::RecordOrderRequest {
            order: Some(order),
            ..Default::default()
        };
        Ok(self.orders().record_order(request).await?.into_inner())
    }

    pub(crate) async fn get(&self, order_id: &str) -> Result<pb::Order, Status> {
        let request = pb::GetOrderRequest {
            order_id: order_id.to_owned(),
        };
        Ok(self.orders().get_order(request).await?.into_inner())
    }

    pub(crate) async fn ship(
        &self,
        order_id: &str,
        shipment: pb::Shipment,
    ) -> Result<pb::Order, Status> {
        let request = pb::RecordShipmentRequest {
            order_id: order_id.to_owned(),
            shipment: Some(shipment),
            ..Default::default()
        };
        Ok(self.orders().record_shipment(request).await?.into_inner())
    }

    pub(crate) async fn scan(
        &self,
        order_id: &str,
        event: pb::TrackingEvent,
    ) -> Result<pb::Shipment, Status> {
        let request = pb::RecordTrackingEventRequest {
            order_id: order_id.to_owned(),
            shipment_id: "S-1".to_owned(),
            event: Some(event),
        };
        let reply = self.orders().record_tracking_event(request).await?;
        Ok(reply.into_inner())
    }

    pub(crate) async fn profile(&self, customer_id: &str) -> pb::Customer {
        let request = pb::UpdateCustomerRequest {
            customer: Some(customer(customer_id)),
            ..Default::default()
        };
        let reply = self.customers().update_customer(request).await;
        reply.unwrap().into_inner()
    }

    pub(crate) async fn consent(
        &self,
        customer_id: &str,
        consent: pb::Consent,
    ) -> Result<pb::Customer, Status> {
        let request = pb::SetConsentRequest {
            customer_id: customer_id.to_owned(),
            consent: Some(consent),
            ..Default::default()
        };
        Ok(self.customers().set_consent(request).await?.into_inner())
    }
}

/// Three units of line `1` and one of line `2`, bought by C-1.
pub(crate) fn order(order_id: &str) -> pb::Order {
    let line = |line_id: &str, quantity| pb::OrderLine {
        line_id: line_id.to_owned(),
        sku: format!("SKU-{line_id}"),
        category: "shoes".to_owned(),
        quantity,
        line_total: Some(euro(3_000)),
        tax: Some(euro(570)),
        ..Default::default()
    };
    pb::Order {
        order_id: order_id.to_owned(),
        customer_id: "C-1".to_owned(),
        currency_code: "EUR".to_owned(),
        lines: vec![line("1", 3), line("2", 1)],
        shipping_charge: Some(euro(495)),
        destination_country: "DE".to_owned(),
        buyer_kind: pb::order::BuyerKind::Consumer.into(),
        tenders: vec![pb::Tender {
            tender_id: "card".to_owned(),
            kind: pb::tender::Kind::Card.into(),
            amount: Some(euro(7_635)),
        }],
        channel: pb::order::Channel::Online.into(),
        fulfilment_method: pb::order::FulfilmentMethod::Ship.into(),
        placed_time: Some(time("2026-03-01T10:00:00Z")),
        origin: pb::order::Origin::Live.into(),
        ..Default::default()
    }
}

/// Shipment S-1 with these units, expected on 6 March.
pub(crate) fn shipment(lines: &[(&str, i32)]) -> pb::Shipment {
    pb::Shipment {
        shipment_id: "S-1".to_owned(),
        lines: units(lines),
        carrier: "dhl".to_owned(),
        tracking_number: "00340434".to_owned(),
        shipped_time: Some(time("2026-03-03T08:00:00Z")),
        estimated_delivery_time: Some(time("2026-03-06T18:00:00Z")),
        ..Default::default()
    }
}

pub(crate) fn units(lines: &[(&str, i32)]) -> Vec<pb::ShipmentLine> {
    lines
        .iter()
        .map(|(line_id, quantity)| pb::ShipmentLine {
            line_id: (*line_id).to_owned(),
            quantity: *quantity,
        })
        .collect()
}

pub(crate) fn scanned(event_id: &str, status: pb::TrackingStatus, at: &str) -> pb::TrackingEvent {
    pb::TrackingEvent {
        event_id: event_id.to_owned(),
        status: status.into(),
        occurred_time: Some(time(at)),
        ..Default::default()
    }
}

pub(crate) fn customer(customer_id: &str) -> pb::Customer {
    pb::Customer {
        customer_id: customer_id.to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        contact_points: vec![pb::ContactPoint {
            kind: pb::contact_point::Kind::Email.into(),
            value: "ada@example.com".to_owned(),
            verified: true,
        }],
        locale: "en-GB".to_owned(),
        time_zone: "Europe/London".to_owned(),
        birthday: "--12-10".to_owned(),
        addresses: vec![pb::Address {
            lines: vec!["12 St James's Square".to_owned()],
            country: "GB".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

pub(crate) fn email_marketing(granted: bool, at: &str) -> pb::Consent {
    pb::Consent {
        channel: pb::consent::Channel::Email.into(),
        purpose: pb::consent::Purpose::Marketing.into(),
        granted,
        source: "checkout".to_owned(),
        text_shown: "Send me offers by email.".to_owned(),
        occurred_time: Some(time(at)),
    }
}

pub(crate) fn euro(amount_minor: i64) -> Money {
    Money {
        currency_code: "EUR".to_owned(),
        amount_minor,
    }
}

pub(crate) fn time(text: &str) -> prost_types::Timestamp {
    let (seconds, nanos) = Timestamp::parse(text).unwrap().to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}

/// Checks a refusal's code and reason; answers its field paths.
pub(crate) fn refused<T: std::fmt::Debug>(
    answer: Result<T, Status>,
    code: Code,
    reason: &str,
) -> Vec<String> {
    let status = answer.expect_err("is refused");
    assert_eq!(status.code(), code, "{status:?}");
    let info = status.get_details_error_info().expect("carries ErrorInfo");
    assert_eq!(info.reason, reason, "{status:?}");
    assert_eq!(info.domain, "orders.postlude");
    status
        .get_details_bad_request()
        .map(|bad| bad.field_violations)
        .unwrap_or_default()
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
