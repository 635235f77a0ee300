//! The retailer's program that makes the calls.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use postlude_proto::{
    orders::v1::{
        self as orders, GetOrderRequest, Order, OrderLine, Payment, RecordOrderRequest,
        RecordPaymentRequest, RecordShipmentRequest, RecordTrackingEventRequest, Shipment,
        ShipmentLine, TrackingEvent, TrackingStatus, order_service_client::OrderServiceClient,
    },
    returns::v1::{
        ApproveReturnRequest, CreateReturnRequest, Disposition, GetReturnRequest,
        InspectReturnRequest, InspectedLine, ListReturnsRequest, QuoteReturnRequest,
        ReceiveReturnRequest, ReceivedLine, RefundReturnRequest, RequestedLine, Return,
        ReturnReason, ReturnSettings, UpdateReturnSettingsRequest,
        return_service_client::ReturnServiceClient,
    },
    r#type::v1::Money,
};
use tonic::{Request, Status};

use super::{
    life::{Ended, Life, Step},
    plan::{Kind, Plan},
};
use crate::cli::client::{Gateway, connect};

/// What one order costs, in minor units: net, tax, shipping.
const NET: i64 = 10_000;
const TAX: i64 = 1_900;
const DAY: i64 = 86_400;

/// Connections to a gateway, taken in turn.
#[derive(Debug)]
pub struct Caller {
    connections: Vec<Gateway>,
    next: AtomicUsize,
    deadline: Duration,
    placed_seconds: i64,
}

/// Where a gateway is, and with which key to call it.
#[derive(Debug, Clone)]
pub struct Connect {
    /// Its address: `http://127.0.0.1:8080`.
    pub endpoint: String,
    /// A key of one tenant that may do everything with orders and returns.
    pub key: String,
    /// How many connections.
    pub connections: usize,
}

impl Caller {
    /// Connects as the plan needs it.
    ///
    /// # Errors
    /// If nothing listens there.
    pub async fn connect(to: &Connect, plan: &Plan) -> anyhow::Result<Self> {
        let mut connections = Vec::new();
        for _ in 0..to.connections.max(1) {
            connections.push(connect(&to.endpoint, &to.key, None).await?);
        }
        Ok(Self::new(connections, plan))
    }

    pub(crate) fn new(connections: Vec<Gateway>, plan: &Plan) -> Self {
        Self {
            connections,
            next: AtomicUsize::new(0),
            deadline: plan.deadline,
            placed_seconds: plan.placed_seconds,
        }
    }

    /// Has the tenant's refunds asked for at `endpoint`.
    ///
    /// # Errors
    /// What the platform answers.
    pub async fn refunds_go_to(&self, endpoint: &str, secret: &str) -> Result<(), Status> {
        let request = self.request(UpdateReturnSettingsRequest {
            settings: Some(ReturnSettings {
                payment_endpoint: endpoint.to_owned(),
                payment_endpoint_secret: secret.to_owned(),
                ..ReturnSettings::default()
            }),
            ..UpdateReturnSettingsRequest::default()
        });
        self.returns()?
            .update_return_settings(request)
            .await
            .map(drop)
    }

    /// The return as it is.
    ///
    /// # Errors
    /// What the platform answers.
    pub async fn seen(&self, return_id: &str) -> Result<Return, Status> {
        let request = self.request(GetReturnRequest {
            return_id: return_id.to_owned(),
        });
        Ok(self.returns()?.get_return(request).await?.into_inner())
    }

    /// Whether returns knows that the life's parcel was delivered.
    pub(crate) async fn knows_of(&self, life: &Life) -> Result<bool, Status> {
        let request = self.request(QuoteReturnRequest {
            order_id: life.order_id.clone(),
            lines: wanted(),
            ..QuoteReturnRequest::default()
        });
        let quote = self.returns()?.quote_return(request).await?.into_inner();
        Ok(quote.lines.iter().all(|line| line.return_by_time.is_some()))
    }

    /// Looks at something.
    pub(crate) async fn read(&self, kind: Kind, of: &Ended) -> Result<(), Status> {
        match kind {
            Kind::GetReturn | Kind::Life => self.seen(&of.return_id).await.map(drop),
            Kind::GetOrder => {
                let request = self.request(GetOrderRequest {
                    order_id: of.order_id.clone(),
                });
                self.orders()?.get_order(request).await.map(drop)
            }
            Kind::ListReturns => {
                let request = self.request(ListReturnsRequest {
                    order_id: of.order_id.clone(),
                    ..ListReturnsRequest::default()
                });
                self.returns()?.list_returns(request).await.map(drop)
            }
        }
    }

    /// Makes a life's call; what the answer teaches is kept in `life`.
    pub(crate) async fn step(&self, life: &mut Life, step: Step) -> Result<(), Status> {
        let request_id = life.request_id(step);
        let order_id = life.order_id.clone();
        let return_id = life.return_id.clone();
        match step {
            Step::Order => {
                let request = self.request(RecordOrderRequest {
                    order: Some(self.order(life)),
                    request_id,
                    ..RecordOrderRequest::default()
                });
                self.orders()?.record_order(request).await?;
            }
            Step::Payment => {
                let request = self.request(RecordPaymentRequest {
                    order_id,
                    payment: Some(Payment {
                        payment_id: request_id.clone(),
                        kind: orders::payment::Kind::Captured.into(),
                        amount: money(NET + TAX),
                        occurred_time: self.after(0),
                        ..Payment::default()
                    }),
                    request_id,
                });
                self.orders()?.record_payment(request).await?;
            }
            Step::Shipment => {
                let request = self.request(RecordShipmentRequest {
                    order_id,
                    shipment: Some(self.shipment(life)),
                    request_id,
                });
                self.orders()?.record_shipment(request).await?;
            }
            Step::Delivery => {
                let request = self.request(RecordTrackingEventRequest {
                    order_id,
                    shipment_id: "parcel".to_owned(),
                    event: Some(TrackingEvent {
                        event_id: "delivered".to_owned(),
                        status: TrackingStatus::Delivered.into(),
                        occurred_time: self.after(3),
                        ..TrackingEvent::default()
                    }),
                });
                self.orders()?.record_tracking_event(request).await?;
            }
            Step::Create => {
                let request = self.request(CreateReturnRequest {
                    request_id,
                    ..create_request(&order_id)
                });
                let opened = self.returns()?.create_return(request).await?.into_inner();
                life.return_line_id = opened
                    .lines
                    .first()
                    .map(|line| line.return_line_id.clone())
                    .unwrap_or_default();
                life.return_id = opened.return_id;
            }
            Step::Approve => {
                let request = self.request(ApproveReturnRequest {
                    return_id,
                    note: "Looked at.".to_owned(),
                    request_id,
                    ..ApproveReturnRequest::default()
                });
                self.returns()?.approve_return(request).await?;
            }
            Step::Receive => {
                let request = self.request(ReceiveReturnRequest {
                    return_id,
                    lines: vec![ReceivedLine {
                        return_line_id: life.return_line_id.clone(),
                        quantity: 1,
                    }],
                    request_id,
                    ..ReceiveReturnRequest::default()
                });
                self.returns()?.receive_return(request).await?;
            }
            Step::Inspect => {
                let request = self.request(InspectReturnRequest {
                    return_id,
                    lines: vec![InspectedLine {
                        return_line_id: life.return_line_id.clone(),
                        quantity: 1,
                        disposition: Disposition::Restock.into(),
                        ..InspectedLine::default()
                    }],
                    request_id,
                    ..InspectReturnRequest::default()
                });
                self.returns()?.inspect_return(request).await?;
            }
            Step::Refund => {
                let request = self.request(RefundReturnRequest {
                    return_id,
                    request_id,
                    ..RefundReturnRequest::default()
                });
                self.returns()?.refund_return(request).await?;
            }
        }
        Ok(())
    }

    fn order(&self, life: &Life) -> Order {
        Order {
            order_id: life.order_id.clone(),
            customer_id: customer(life.number),
            currency_code: "EUR".to_owned(),
            lines: vec![OrderLine {
                line_id: "1".to_owned(),
                sku: format!("SKU-{}", life.number % 97),
                category: "clothing".to_owned(),
                title: "Shirt".to_owned(),
                quantity: 1,
                line_total: money(NET),
                tax: money(TAX),
                ..OrderLine::default()
            }],
            destination_country: "DE".to_owned(),
            buyer_kind: orders::order::BuyerKind::Consumer.into(),
            channel: orders::order::Channel::Online.into(),
            fulfilment_method: orders::order::FulfilmentMethod::Ship.into(),
            placed_time: self.after(0),
            origin: orders::order::Origin::Live.into(),
            ..Order::default()
        }
    }

    fn shipment(&self, life: &Life) -> Shipment {
        Shipment {
            shipment_id: "parcel".to_owned(),
            lines: vec![ShipmentLine {
                line_id: "1".to_owned(),
                quantity: 1,
            }],
            carrier: "dhl".to_owned(),
            tracking_number: life.order_id.clone(),
            shipped_time: self.after(1),
            ..Shipment::default()
        }
    }

    /// Whole days after the orders were placed.
    fn after(&self, days: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp {
            seconds: self.placed_seconds + days * DAY,
            nanos: 0,
        })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.deadline);
        request
    }

    fn orders(&self) -> Result<OrderServiceClient<Gateway>, Status> {
        self.connection().map(OrderServiceClient::new)
    }

    fn returns(&self) -> Result<ReturnServiceClient<Gateway>, Status> {
        self.connection().map(ReturnServiceClient::new)
    }

    fn connection(&self) -> Result<Gateway, Status> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let at = turn.checked_rem(self.connections.len()).unwrap_or_default();
        self.connections
            .get(at)
            .cloned()
            .context("no connection")
            .map_err(|error| Status::internal(error.to_string()))
    }
}

/// Who buys in a life: a thousand customers take turns.
#[must_use]
pub fn customer(number: u64) -> String {
    format!("customer-{}", number % 1_000)
}

/// What a life asks for when it opens its return.
#[must_use]
pub fn create_request(order_id: &str) -> CreateReturnRequest {
    CreateReturnRequest {
        order_id: order_id.to_owned(),
        lines: wanted(),
        request_id: format!("{order_id}-{}", Step::Create.method()),
        ..CreateReturnRequest::default()
    }
}

/// The one unit, long after delivery: the merchant may have to answer for it, and a person looks.
fn wanted() -> Vec<RequestedLine> {
    vec![RequestedLine {
        line_id: "1".to_owned(),
        quantity: 1,
        reason: ReturnReason::Defective.into(),
        ..RequestedLine::default()
    }]
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "money stands in messages as an option"
)]
fn money(amount_minor: i64) -> Option<Money> {
    Some(Money {
        currency_code: "EUR".to_owned(),
        amount_minor,
    })
}
