//! One order's story as steps, each of which may be told again: a client that lost the answer
//! repeats the call with the same `request_id`, and nothing happens twice.

use postlude_proto::{
    orders::v1::{
        self as orders, Order, OrderLine, Payment, RecordOrderRequest, RecordPaymentRequest,
        RecordShipmentRequest, RecordTrackingEventRequest, Shipment, ShipmentLine, TrackingEvent,
        TrackingStatus,
    },
    returns::v1::{
        self as returns, CreateReturnRequest, Disposition, GetReturnRequest, InspectReturnRequest,
        InspectedLine, IssueLabelRequest, Outcome, Quote, QuoteReturnRequest, ReceiveReturnRequest,
        ReceivedLine, RecordReturnScanRequest, Refund, RefundReturnRequest, RequestedLine, Return,
        ReturnReason, ReturnScan, r#return,
    },
    r#type::v1::Money,
};
use prost_types::Timestamp;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::{shop::Shop, wait};

/// The steps, in order.
pub const STEPS: [Step; 13] = [
    Step::Order,
    Step::Payment,
    Step::Ship,
    Step::ShipTheRest,
    Step::Deliver,
    Step::DeliverTheRest,
    Step::Quote,
    Step::Return,
    Step::Label,
    Step::Scan,
    Step::Receive,
    Step::Inspect,
    Step::Refund,
];

/// What a client does in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Records an order of three lines.
    Order,
    /// Records that it was paid.
    Payment,
    /// Records the first parcel.
    Ship,
    /// Records the second parcel.
    ShipTheRest,
    /// Records the first parcel's scans.
    Deliver,
    /// Records the second parcel's scans.
    DeliverTheRest,
    /// Asks what may come back.
    Quote,
    /// Opens a return by the quote.
    Return,
    /// Asks for a label.
    Label,
    /// Records a scan of the parcel that comes back.
    Scan,
    /// Counts.
    Receive,
    /// Judges.
    Inspect,
    /// Asks for the refund.
    Refund,
}

/// One order's story, and how far it has come.
#[derive(Debug, Clone)]
pub struct Story {
    /// The retailer's order number.
    pub order_id: String,
    /// The retailer's customer number.
    pub customer_id: String,
    /// Stands in every free text, so that a leak can be seen.
    pub mark: String,
    /// When the order was placed: some days before now, so that a return is in time.
    pub placed: Timestamp,
    /// The quote, once asked for.
    pub quote: Option<Quote>,
    /// The return, as last seen.
    pub opened: Option<Return>,
}

impl Story {
    /// A story about the order `order_id`, placed at `placed`.
    #[must_use]
    pub fn new(order_id: &str, placed: Timestamp) -> Self {
        Self {
            order_id: order_id.to_owned(),
            customer_id: format!("customer-of-{order_id}"),
            mark: format!("mark-of-{order_id}"),
            placed,
            quote: None,
            opened: None,
        }
    }

    /// The order as it is recorded.
    #[must_use]
    pub fn order(&self) -> Order {
        Order {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
            currency_code: "EUR".to_owned(),
            lines: vec![
                self.line("1", "shoes", 2, 16_000, 3_040),
                self.line("2", "clothing", 1, 4_000, 760),
                self.line("3", "clothing", 3, 1_500, 285),
            ],
            shipping_charge: Some(euros(490)),
            shipping_tax: Some(euros(93)),
            destination_country: "DE".to_owned(),
            buyer_kind: orders::order::BuyerKind::Consumer.into(),
            channel: orders::order::Channel::Online.into(),
            fulfilment_method: orders::order::FulfilmentMethod::Ship.into(),
            placed_time: Some(self.placed),
            origin: orders::order::Origin::Live.into(),
            ..Order::default()
        }
    }

    /// What the customer pays for all of it.
    pub const PAID_MINOR: i64 = 16_000 + 3_040 + 4_000 + 760 + 1_500 + 285 + 490 + 93;

    /// Tells the whole story.
    ///
    /// # Errors
    /// If a step is refused or its effect doesn't show in time.
    pub async fn tell(&mut self, shop: &Shop) -> anyhow::Result<()> {
        for step in STEPS {
            self.step(shop, step).await?;
        }
        self.finish(shop).await?;
        Ok(())
    }

    /// Takes one step; the same step again does nothing more.
    ///
    /// # Errors
    /// If it is refused, or what it stands on doesn't show in time.
    pub async fn step(&mut self, shop: &Shop, step: Step) -> anyhow::Result<()> {
        match step {
            Step::Order => self.record_order(shop).await?,
            Step::Payment => self.pay(shop).await?,
            Step::Ship => self.ship(shop, "s1", &[("1", 2)]).await?,
            Step::ShipTheRest => self.ship(shop, "s2", &[("2", 1), ("3", 3)]).await?,
            Step::Deliver => self.deliver(shop, "s1").await?,
            Step::DeliverTheRest => self.deliver(shop, "s2").await?,
            Step::Quote => self.ask(shop).await?,
            Step::Return => self.open(shop).await?,
            Step::Label => self.label(shop).await?,
            Step::Scan => self.scan(shop).await?,
            Step::Receive => self.receive(shop).await?,
            Step::Inspect => self.inspect(shop).await?,
            Step::Refund => self.refund(shop).await?,
        }
        Ok(())
    }

    /// Records the order, its payment, its parcels and their delivery.
    ///
    /// # Errors
    /// If a step is refused.
    pub async fn deliver_all(&self, shop: &Shop) -> anyhow::Result<()> {
        let mut told = self.clone();
        for step in STEPS.into_iter().take_while(|step| *step != Step::Quote) {
            told.step(shop, step).await?;
        }
        Ok(())
    }

    /// A quote for one unit of a line.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn quote_of(&self, shop: &Shop, line_id: &str) -> Result<Quote, Status> {
        let request = QuoteReturnRequest {
            order_id: self.order_id.clone(),
            lines: self.wanted(line_id),
            ..QuoteReturnRequest::default()
        };
        let answer = shop.returns.clone().quote_return(request).await?;
        Ok(answer.into_inner())
    }

    /// Waits until returns knows of the delivery: it travels there as an event.
    ///
    /// # Errors
    /// If it doesn't in time.
    pub async fn delivery_is_known(&self, shop: &Shop, line_id: &str) -> anyhow::Result<()> {
        wait::until("returns knows of the delivery", async || {
            let quote = self.quote_of(shop, line_id).await?;
            let knows = quote.lines.iter().all(|line| line.return_by_time.is_some());
            Ok::<_, Status>(knows.then_some(()))
        })
        .await
    }

    /// Waits until the payment system's confirmation is seen.
    ///
    /// # Errors
    /// If it isn't in time.
    pub async fn finish(&mut self, shop: &Shop) -> anyhow::Result<Return> {
        let done = wait::until("the refund is confirmed", async || {
            let seen = self.seen(shop).await?;
            Ok::<_, Status>((seen.state() == r#return::State::Refunded).then_some(seen))
        })
        .await?;
        self.opened = Some(done.clone());
        Ok(done)
    }

    /// The return as it is.
    ///
    /// # Errors
    /// If there is none.
    pub async fn seen(&self, shop: &Shop) -> Result<Return, Status> {
        let request = GetReturnRequest {
            return_id: self.return_id()?,
        };
        let answer = shop.returns.clone().get_return(request).await?;
        Ok(answer.into_inner())
    }

    /// The refund, once asked for.
    #[must_use]
    pub fn refunds(&self) -> &[Refund] {
        self.opened.as_ref().map_or(&[], |seen| &seen.refunds)
    }

    async fn record_order(&self, shop: &Shop) -> Result<(), Status> {
        let request = RecordOrderRequest {
            order: Some(self.order()),
            request_id: self.request_id("order"),
            ..RecordOrderRequest::default()
        };
        shop.orders.clone().record_order(request).await.map(drop)
    }

    async fn pay(&self, shop: &Shop) -> Result<(), Status> {
        let request = RecordPaymentRequest {
            order_id: self.order_id.clone(),
            payment: Some(Payment {
                payment_id: format!("payment-of-{}", self.order_id),
                kind: orders::payment::Kind::Captured.into(),
                amount: Some(euros(Self::PAID_MINOR)),
                occurred_time: Some(self.placed),
                ..Payment::default()
            }),
            request_id: self.request_id("payment"),
        };
        shop.orders.clone().record_payment(request).await.map(drop)
    }

    async fn ship(&self, shop: &Shop, id: &str, lines: &[(&str, i32)]) -> Result<(), Status> {
        let request = RecordShipmentRequest {
            order_id: self.order_id.clone(),
            shipment: Some(Shipment {
                shipment_id: id.to_owned(),
                lines: lines
                    .iter()
                    .map(|(line_id, quantity)| ShipmentLine {
                        line_id: (*line_id).to_owned(),
                        quantity: *quantity,
                    })
                    .collect(),
                carrier: "dhl".to_owned(),
                tracking_number: format!("{}-{id}", self.mark),
                shipped_time: Some(later(self.placed, 1)),
                ..Shipment::default()
            }),
            request_id: self.request_id(id),
        };
        shop.orders.clone().record_shipment(request).await.map(drop)
    }

    async fn deliver(&self, shop: &Shop, shipment_id: &str) -> Result<(), Status> {
        for (status, days) in [
            (TrackingStatus::InTransit, 1),
            (TrackingStatus::Delivered, 3),
        ] {
            let request = RecordTrackingEventRequest {
                order_id: self.order_id.clone(),
                shipment_id: shipment_id.to_owned(),
                event: Some(TrackingEvent {
                    event_id: format!("{shipment_id}-{}", status.as_str_name()),
                    status: status.into(),
                    occurred_time: Some(later(self.placed, days)),
                    description: self.mark.clone(),
                    ..TrackingEvent::default()
                }),
            };
            shop.orders.clone().record_tracking_event(request).await?;
        }
        Ok(())
    }

    /// A quote that knows of delivery and payment; both travel to returns as events.
    async fn ask(&mut self, shop: &Shop) -> anyhow::Result<()> {
        let quote = wait::until("a quote that offers money", async || {
            let quote = self.quote_of(shop, "1").await?;
            let offers = quote.outcome() != Outcome::Declined
                && quote.lines.iter().all(|line| line.return_by_time.is_some());
            Ok::<_, Status>(offers.then_some(quote))
        })
        .await?;
        self.quote = Some(quote);
        Ok(())
    }

    /// Opens the return by the quote. Where the facts have changed since (the other parcel's
    /// delivery was still on its way to returns), it asks for another quote, as any client would.
    async fn open(&mut self, shop: &Shop) -> anyhow::Result<()> {
        loop {
            let request = CreateReturnRequest {
                order_id: self.order_id.clone(),
                quote_id: self
                    .quote
                    .as_ref()
                    .map(|quote| quote.quote_id.clone())
                    .unwrap_or_default(),
                request_id: self.request_id("return"),
                ..CreateReturnRequest::default()
            };
            match shop.returns.clone().create_return(request).await {
                Ok(answer) => {
                    self.opened = Some(answer.into_inner());
                    return Ok(());
                }
                Err(status) if reason(&status) == "QUOTE_CHANGED" => self.ask(shop).await?,
                Err(status) => return Err(status.into()),
            }
        }
    }

    async fn label(&mut self, shop: &Shop) -> anyhow::Result<()> {
        let request = IssueLabelRequest {
            return_id: self.return_id()?,
            request_id: self.request_id("label"),
            pickup_window: None,
        };
        shop.returns.clone().issue_label(request).await?;
        let seen = wait::until("the label is there", async || {
            let seen = self.seen(shop).await?;
            let there = seen
                .label
                .as_ref()
                .is_some_and(|label| label.state() == returns::label::State::Issued);
            Ok::<_, Status>(there.then_some(seen))
        })
        .await?;
        self.opened = Some(seen);
        Ok(())
    }

    async fn scan(&self, shop: &Shop) -> Result<(), Status> {
        let request = RecordReturnScanRequest {
            return_id: self.return_id()?,
            scan: Some(ReturnScan {
                event_id: "scan-1".to_owned(),
                occurred_time: Some(later(self.placed, 5)),
                description: self.mark.clone(),
                ..ReturnScan::default()
            }),
        };
        shop.returns
            .clone()
            .record_return_scan(request)
            .await
            .map(drop)
    }

    async fn receive(&self, shop: &Shop) -> Result<(), Status> {
        let request = ReceiveReturnRequest {
            return_id: self.return_id()?,
            lines: vec![ReceivedLine {
                return_line_id: self.return_line_id()?,
                quantity: 1,
            }],
            request_id: self.request_id("receive"),
            ..ReceiveReturnRequest::default()
        };
        shop.returns.clone().receive_return(request).await.map(drop)
    }

    async fn inspect(&self, shop: &Shop) -> Result<(), Status> {
        let request = InspectReturnRequest {
            return_id: self.return_id()?,
            lines: vec![InspectedLine {
                return_line_id: self.return_line_id()?,
                quantity: 1,
                disposition: Disposition::Restock.into(),
                note: self.mark.clone(),
                ..InspectedLine::default()
            }],
            request_id: self.request_id("inspect"),
            ..InspectReturnRequest::default()
        };
        shop.returns.clone().inspect_return(request).await.map(drop)
    }

    async fn refund(&mut self, shop: &Shop) -> Result<(), Status> {
        let request = RefundReturnRequest {
            return_id: self.return_id()?,
            request_id: self.request_id("refund"),
            ..RefundReturnRequest::default()
        };
        let answer = shop.returns.clone().refund_return(request).await?;
        self.opened = Some(answer.into_inner());
        Ok(())
    }

    /// One unit of a line.
    fn wanted(&self, line_id: &str) -> Vec<RequestedLine> {
        vec![RequestedLine {
            line_id: line_id.to_owned(),
            quantity: 1,
            reason: ReturnReason::ChangedMind.into(),
            comment: self.mark.clone(),
            ..RequestedLine::default()
        }]
    }

    fn line(&self, id: &str, category: &str, quantity: i32, total: i64, tax: i64) -> OrderLine {
        OrderLine {
            line_id: id.to_owned(),
            sku: format!("SKU-{id}"),
            category: category.to_owned(),
            title: self.mark.clone(),
            quantity,
            line_total: Some(euros(total)),
            tax: Some(euros(tax)),
            ..OrderLine::default()
        }
    }

    fn request_id(&self, step: &str) -> String {
        format!("{step}-of-{}", self.order_id)
    }

    fn return_id(&self) -> Result<String, Status> {
        self.opened
            .as_ref()
            .map(|seen| seen.return_id.clone())
            .ok_or_else(|| Status::internal("the story has no return yet"))
    }

    fn return_line_id(&self) -> Result<String, Status> {
        self.opened
            .as_ref()
            .and_then(|seen| seen.lines.first())
            .map(|line| line.return_line_id.clone())
            .ok_or_else(|| Status::internal("the return has no line"))
    }
}

/// The reason that a refusal carries; empty if it has none.
#[must_use]
pub fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

/// An amount in euro cents.
#[must_use]
pub fn euros(amount_minor: i64) -> Money {
    Money {
        currency_code: "EUR".to_owned(),
        amount_minor,
    }
}

/// Whole days later.
#[must_use]
pub fn later(moment: Timestamp, days: i64) -> Timestamp {
    Timestamp {
        seconds: moment.seconds + days * 86_400,
        nanos: moment.nanos,
    }
}
