use postlude_proto::orders::v1 as pb;
use postlude_testkit::{on_both_databases, shuffle_and_repeat};
use tonic::Code;

use crate::world::{Orders, refused, scanned, shipment, time};

fn journey() -> Vec<pb::TrackingEvent> {
    use pb::TrackingStatus::{Delivered, InTransit, InfoReceived, OutForDelivery};
    let mut revised = scanned("e3", InTransit, "2026-03-05T04:00:00Z");
    revised.estimated_delivery_time = Some(time("2026-03-07T12:00:00Z"));
    vec![
        scanned("e1", InfoReceived, "2026-03-03T09:00:00Z"),
        scanned("e2", InTransit, "2026-03-04T02:00:00Z"),
        revised,
        scanned("e4", OutForDelivery, "2026-03-07T08:00:00Z"),
        scanned("e5", Delivered, "2026-03-07T11:00:00Z"),
        scanned("e6", InTransit, "2026-03-07T11:30:00Z"),
    ]
}

on_both_databases! {
    async fn tells_of_each_step_and_of_the_arrival(kit: Orders) {
        kit.recorded("A-1").await;
        kit.ship("A-1", shipment(&[("1", 3), ("2", 1)])).await.unwrap();
        for event in journey() {
            kit.scan("A-1", event).await.unwrap();
        }
        kit.drain().await;
        let order = kit.get("A-1").await.unwrap();
        assert_eq!(order.state(), pb::order::State::Delivered);
        assert_eq!(order.lines[0].delivered_quantity, 3);
        assert_eq!(order.revision, 8);

        let steps = kit.events::<pb::TrackingAdvanced>();
        assert_eq!(steps.len(), 6);
        let last = &steps[5].message;
        assert_eq!((last.previous_status, last.status), (last.status, pb::TrackingStatus::Delivered.into()));
        let arrived = kit.events::<pb::ShipmentDelivered>();
        assert_eq!(arrived.len(), 1);
        assert_eq!(arrived[0].message.lines, shipment(&[("1", 3), ("2", 1)]).lines);
        assert_eq!(arrived[0].message.delivered_time, Some(time("2026-03-07T11:00:00Z")));
        let whole = kit.events::<pb::OrderDelivered>();
        assert_eq!((whole.len(), whole[0].revision), (1, 7));
        let delays = kit.events::<pb::DeliveryDelayed>();
        assert_eq!((delays.len(), delays[0].revision), (1, 5));

        // Every revision was told, and one change's events share theirs.
        let mut revisions: Vec<_> = kit.told().iter().map(|told| told.revision).collect();
        revisions.sort_unstable();
        revisions.dedup();
        assert_eq!(revisions, (1..=8).collect::<Vec<_>>());
    }

    async fn shuffled_and_repeated_events_end_in_the_same_state(kit: Orders) {
        let mut ends = Vec::new();
        for (seed, order_id) in ["A-1", "A-2", "A-3", "A-4"].into_iter().enumerate() {
            kit.recorded(order_id).await;
            kit.ship(order_id, shipment(&[("1", 3)])).await.unwrap();
            let seed = u64::try_from(seed).unwrap();
            for event in shuffle_and_repeat(journey(), seed) {
                kit.scan(order_id, event).await.unwrap();
            }
            ends.push(kit.get(order_id).await.unwrap().shipments.remove(0));
        }
        assert_eq!(ends[0].status(), pb::TrackingStatus::Delivered);
        assert_eq!(ends[0].estimated_delivery_time, Some(time("2026-03-07T12:00:00Z")));
        for end in &ends {
            assert_eq!(*end, ends[0]);
        }
    }

    async fn maps_the_carriers_own_words(kit: Orders) {
        kit.recorded("A-1").await;
        kit.ship("A-1", shipment(&[("1", 3)])).await.unwrap();
        let mut said = scanned("e1", pb::TrackingStatus::Unspecified, "2026-03-04T02:00:00Z");
        refused(kit.scan("A-1", said.clone()).await, Code::InvalidArgument, "VALIDATION_FAILED");
        said.carrier_status = "On vehicle for delivery".to_owned();
        let shipment = kit.scan("A-1", said.clone()).await.unwrap();
        assert_eq!(shipment.status(), pb::TrackingStatus::OutForDelivery);
        said.event_id = "e2".to_owned();
        said.carrier_status = "Wibble".to_owned();
        let shipment = kit.scan("A-1", said).await.unwrap();
        assert_eq!(shipment.status(), pb::TrackingStatus::OutForDelivery);
        assert_eq!(shipment.events[0].carrier_status, "Wibble");
    }

    async fn refuses_what_is_not_there(kit: Orders) {
        let event = scanned("e1", pb::TrackingStatus::InTransit, "2026-03-04T02:00:00Z");
        refused(kit.scan("A-1", event.clone()).await, Code::NotFound, "ORDER_NOT_FOUND");
        kit.recorded("A-1").await;
        refused(kit.scan("A-1", event).await, Code::NotFound, "SHIPMENT_NOT_FOUND");
    }
}
