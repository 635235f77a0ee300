//! Step 1: bought, paid, shipped, delivered.

use postlude_proto::orders::v1::{
    GetOrderRequest, Order, RecordOrderRequest, RecordPaymentRequest, RecordShipmentRequest,
    RecordTrackingEventRequest, order,
};

use super::{
    Stage,
    teller::{money, word},
};

impl Stage {
    pub(super) async fn purchase(&mut self) -> anyhow::Result<()> {
        self.teller.chapter("1. Bought, paid, delivered");
        if self.order.resumed {
            self.teller.did(
                "orders",
                format!("knows {} already: the story goes on", self.order.order_id),
            );
        } else {
            self.record_order().await?;
        }
        self.record_payment().await?;
        for (index, shipment) in self.order.shipments().into_iter().enumerate() {
            self.ship(index, shipment).await?;
        }
        let order = self.get_order().await?;
        if order.state() != order::State::Delivered {
            anyhow::bail!(
                "the order should be delivered and is {}",
                word(order.state().as_str_name())
            );
        }
        self.teller.did(
            "orders",
            format!(
                "derives DELIVERED from {} parcels, revision {}",
                order.shipments.len(),
                order.revision
            ),
        );
        Ok(())
    }

    async fn record_order(&mut self) -> anyhow::Result<()> {
        let request = RecordOrderRequest {
            order: Some(self.order.content()),
            request_id: self.request_id("order"),
            etag: String::new(),
        };
        let platform = &self.platform;
        let order = platform
            .call("the order was not recorded", async || {
                platform.orders().record_order(request.clone()).await
            })
            .await?;
        self.teller.did(
            "orders",
            format!(
                "records {} for {}: {} lines, {}",
                order.order_id,
                order.customer_id,
                order.lines.len(),
                money(self.order.total().as_ref())
            ),
        );
        Ok(())
    }

    async fn record_payment(&mut self) -> anyhow::Result<()> {
        let request = RecordPaymentRequest {
            order_id: self.order.order_id.clone(),
            payment: Some(self.order.payment()),
            request_id: self.request_id("payment"),
        };
        let platform = &self.platform;
        platform
            .call("the payment was not recorded", async || {
                platform.orders().record_payment(request.clone()).await
            })
            .await?;
        self.teller.did(
            "orders",
            format!(
                "notes that {} was captured",
                money(self.order.total().as_ref())
            ),
        );
        Ok(())
    }

    async fn ship(
        &mut self,
        index: usize,
        shipment: postlude_proto::orders::v1::Shipment,
    ) -> anyhow::Result<()> {
        let request = RecordShipmentRequest {
            order_id: self.order.order_id.clone(),
            shipment: Some(shipment.clone()),
            request_id: self.request_id(&format!("shipment-{index}")),
        };
        let platform = &self.platform;
        platform
            .call("the shipment was not recorded", async || {
                platform.orders().record_shipment(request.clone()).await
            })
            .await?;
        let first_hour = if index == 0 { 20 } else { 30 };
        let scans = self.order.scans(&shipment, first_hour);
        let count = scans.len();
        let mut status = String::new();
        let mut kept = 0;
        for event in scans {
            let request = RecordTrackingEventRequest {
                order_id: self.order.order_id.clone(),
                shipment_id: shipment.shipment_id.clone(),
                event: Some(event),
            };
            let known = platform
                .call("the scan was not recorded", async || {
                    platform
                        .orders()
                        .record_tracking_event(request.clone())
                        .await
                })
                .await?;
            status = word(known.status().as_str_name());
            kept = known.events.len();
        }
        self.teller.did(
            "orders",
            format!(
                "takes {count} scans of parcel {} out of order, keeps {kept}: {status}",
                shipment.tracking_number
            ),
        );
        if status != "delivered" || kept != 3 {
            anyhow::bail!("three different scans should make the parcel delivered");
        }
        Ok(())
    }

    async fn get_order(&self) -> anyhow::Result<Order> {
        let platform = &self.platform;
        platform
            .call("the order can't be read", async || {
                let request = GetOrderRequest {
                    order_id: self.order.order_id.clone(),
                };
                platform.orders().get_order(request).await
            })
            .await
    }
}
