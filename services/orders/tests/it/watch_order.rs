use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, refused, scanned, shipment};

async fn watch(kit: &Orders) -> tonic::Streaming<pb::Order> {
    let request = pb::WatchOrderRequest {
        order_id: "A-1".to_owned(),
    };
    kit.orders()
        .watch_order(request)
        .await
        .unwrap()
        .into_inner()
}

on_both_databases! {
    async fn sends_the_order_then_every_change(kit: Orders) {
        kit.recorded("A-1").await;
        let mut stream = watch(&kit).await;
        assert_eq!(stream.message().await.unwrap().unwrap().revision, 1);
        kit.recorded("A-2").await;
        kit.ship("A-1", shipment(&[("1", 1)])).await.unwrap();
        let shipped = stream.message().await.unwrap().unwrap();
        assert_eq!((shipped.revision, shipped.shipments.len()), (2, 1));
        let scan = scanned("e1", pb::TrackingStatus::InTransit, "2026-03-04T02:00:00Z");
        kit.scan("A-1", scan).await.unwrap();
        let moving = stream.message().await.unwrap().unwrap();
        assert_eq!(moving.shipments[0].status(), pb::TrackingStatus::InTransit);
    }

    async fn ends_with_unavailable_when_the_service_drains(kit: Orders) {
        let mut kit = kit;
        kit.recorded("A-1").await;
        let mut stream = watch(&kit).await;
        assert_eq!(stream.message().await.unwrap().unwrap().revision, 1);
        kit.again().await;
        refused(stream.message().await, Code::Unavailable, "DRAINING");
        assert_eq!(watch(&kit).await.message().await.unwrap().unwrap().revision, 1);
    }

    async fn refuses_an_order_that_is_not_there(kit: Orders) {
        let request = pb::WatchOrderRequest { order_id: "A-1".to_owned() };
        let answer = kit.orders().watch_order(request).await;
        refused(answer.map(|_| ()), Code::NotFound, "ORDER_NOT_FOUND");
    }
}
