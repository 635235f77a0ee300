//! Before the story: is the retailer's plugin the one that answers by now?
//!
//! A plugin that was installed a moment ago is compiled first. A story that began earlier would be
//! told by whoever answered before, so an order of its own is asked about until the plugin answers.

use postlude_proto::{
    orders::v1::{
        RecordOrderRequest, RecordShipmentRequest, RecordTrackingEventRequest, Shipment,
        ShipmentLine,
    },
    plugins::v1::{Installation, ListPluginsRequest, installation},
    returns::v1::{QuoteReturnRequest, RequestedLine, ReturnReason},
};

use super::{Stage, order::Order};

/// The hook that the story is about.
const HOOK: &str = "return-policy";

impl Stage {
    pub(super) async fn rehearse(&mut self) -> anyhow::Result<()> {
        let Some(plugin) = self.active_plugin().await? else {
            anyhow::bail!(
                "no plugin answers {HOOK}; `postlude plugin install` puts one into service"
            );
        };
        if self.order.resumed {
            return Ok(());
        }
        let order = self.order.rehearsal();
        self.deliver(&order).await?;
        let platform = self.platform.clone();
        let request = QuoteReturnRequest {
            order_id: order.order_id.clone(),
            lines: vec![RequestedLine {
                line_id: "1".to_owned(),
                quantity: 1,
                reason: ReturnReason::ChangedMind.into(),
                ..RequestedLine::default()
            }],
            ..QuoteReturnRequest::default()
        };
        platform
            .wait("the plugin to answer", async || {
                let quote = platform
                    .call("there is no quote", async || {
                        platform.returns().quote_return(request.clone()).await
                    })
                    .await?;
                let decision = quote.decision.unwrap_or_default();
                Ok((decision.plugin_id == plugin.plugin_id
                    && decision.component_digest == plugin.component_digest)
                    .then_some(()))
            })
            .await?;
        self.teller.did(
            "plugins",
            format!("{} {} answers {HOOK}", plugin.plugin_id, plugin.version),
        );
        Ok(())
    }

    async fn active_plugin(&self) -> anyhow::Result<Option<Installation>> {
        let platform = &self.platform;
        let page = platform
            .call("the plugins can't be listed", async || {
                let request = ListPluginsRequest {
                    page_size: 500,
                    ..ListPluginsRequest::default()
                };
                platform.plugins().list_plugins(request).await
            })
            .await?;
        Ok(page
            .plugins
            .into_iter()
            .filter_map(|plugin| plugin.installation)
            .find(|one| {
                one.state() == installation::State::Active
                    && one.hooks.iter().any(|hook| hook == HOOK)
            }))
    }

    /// An order of one line, delivered: the least that can be asked about. Without request ids: a
    /// rehearsal that was cut off is held again, at another time.
    async fn deliver(&self, order: &Order) -> anyhow::Result<()> {
        let platform = &self.platform;
        let mut content = order.content();
        content.lines.truncate(1);
        content.tenders.clear();
        let request = RecordOrderRequest {
            order: Some(content),
            request_id: String::new(),
            etag: String::new(),
        };
        platform
            .call("the rehearsal's order was not recorded", async || {
                platform.orders().record_order(request.clone()).await
            })
            .await?;
        let [parcel, _] = order.shipments();
        let parcel = Shipment {
            lines: vec![ShipmentLine {
                line_id: "1".to_owned(),
                quantity: 2,
            }],
            ..parcel
        };
        let request = RecordShipmentRequest {
            order_id: order.order_id.clone(),
            shipment: Some(parcel.clone()),
            request_id: String::new(),
        };
        platform
            .call("the rehearsal's shipment was not recorded", async || {
                platform.orders().record_shipment(request.clone()).await
            })
            .await?;
        for event in order.scans(&parcel, 20) {
            let request = RecordTrackingEventRequest {
                order_id: order.order_id.clone(),
                shipment_id: parcel.shipment_id.clone(),
                event: Some(event),
            };
            platform
                .call("the rehearsal's scan was not recorded", async || {
                    platform
                        .orders()
                        .record_tracking_event(request.clone())
                        .await
                })
                .await?;
        }
        Ok(())
    }
}
