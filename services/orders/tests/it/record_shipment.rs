use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, refused, shipment, time};

on_both_databases! {
    async fn ships_within_what_was_ordered(kit: Orders) {
        kit.recorded("A-1").await;
        let some = kit.ship("A-1", shipment(&[("1", 2)])).await.unwrap();
        assert_eq!(some.state(), pb::order::State::PartiallyShipped);
        assert_eq!(some.lines[0].shipped_quantity, 2);
        assert_eq!(some.shipments[0].status(), pb::TrackingStatus::Pending);

        let mut second = shipment(&[("1", 2)]);
        second.shipment_id = "S-2".to_owned();
        let answer = kit.ship("A-1", second.clone()).await;
        refused(answer, Code::FailedPrecondition, "SHIPMENT_QUANTITY_EXCEEDED");
        second.lines = crate::world::units(&[("1", 1), ("2", 1)]);
        let all = kit.ship("A-1", second).await.unwrap();
        assert_eq!(all.state(), pb::order::State::Shipped);

        let unknown = kit.ship("A-1", shipment(&[("9", 1)])).await;
        refused(unknown, Code::NotFound, "ORDER_LINE_NOT_FOUND");
        let nowhere = kit.ship("A-2", shipment(&[("1", 1)])).await;
        refused(nowhere, Code::NotFound, "ORDER_NOT_FOUND");
    }

    async fn a_replacement_changes_only_what_differs(kit: Orders) {
        kit.recorded("A-1").await;
        let first = kit.ship("A-1", shipment(&[("1", 2)])).await.unwrap();
        assert_eq!(kit.ship("A-1", shipment(&[("1", 2)])).await.unwrap(), first);
        let mut late = shipment(&[("1", 3)]);
        late.estimated_delivery_time = Some(time("2026-03-09T18:00:00Z"));
        let late = kit.ship("A-1", late).await.unwrap();
        assert_eq!((late.revision, late.shipments.len()), (3, 1));
        kit.drain().await;

        assert_eq!(kit.events::<pb::ShipmentRecorded>().len(), 2);
        let delays = kit.events::<pb::DeliveryDelayed>();
        assert_eq!(delays.len(), 1);
        assert_eq!(delays[0].revision, 3);
        let delay = &delays[0].message;
        assert_eq!(delay.cause(), pb::delivery_delayed::Cause::EstimateRevised);
        assert_eq!(delay.previous_estimate, Some(time("2026-03-06T18:00:00Z")));
        assert_eq!(delay.estimate, Some(time("2026-03-09T18:00:00Z")));
    }
}
