use postlude_proto::orders::v1 as pb;
use postlude_testkit::{Database, on_both_databases};

use crate::world::{Orders, order, scanned, shipment, time};

on_both_databases! {
    async fn a_week_of_silence_is_a_delay_once(kit: Orders) {
        kit.recorded("A-1").await;
        kit.ship("A-1", shipment(&[("1", 3)])).await.unwrap();
        let moving = scanned("e1", pb::TrackingStatus::InTransit, "2026-03-05T12:00:00Z");
        kit.scan("A-1", moving).await.unwrap();

        kit.advance_days(8);
        kit.drain().await;
        assert!(kit.events::<pb::DeliveryDelayed>().is_empty());

        kit.advance_days(1);
        kit.drain().await;
        let delays = kit.events::<pb::DeliveryDelayed>();
        assert_eq!((delays.len(), delays[0].revision), (1, 4));
        assert_eq!(delays[0].message.cause(), pb::delivery_delayed::Cause::Stuck);
        let stuck = kit.get("A-1").await.unwrap().shipments.remove(0);
        assert_eq!(stuck.stuck_since, Some(time("2026-03-05T12:00:00Z")));

        kit.advance_days(30);
        kit.drain().await;
        assert_eq!(kit.events::<pb::DeliveryDelayed>().len(), 1);

        let found = scanned("e2", pb::TrackingStatus::InTransit, "2026-04-10T12:00:00Z");
        assert_eq!(kit.scan("A-1", found).await.unwrap().stuck_since, None);
        kit.advance_days(8);
        kit.drain().await;
        assert_eq!(kit.events::<pb::DeliveryDelayed>().len(), 2);
    }

    async fn a_parcel_that_arrived_may_be_silent(kit: Orders) {
        kit.recorded("A-1").await;
        kit.ship("A-1", shipment(&[("1", 3)])).await.unwrap();
        let arrived = scanned("e1", pb::TrackingStatus::Delivered, "2026-03-05T12:00:00Z");
        kit.scan("A-1", arrived).await.unwrap();
        kit.advance_days(60);
        kit.drain().await;
        assert!(kit.events::<pb::DeliveryDelayed>().is_empty());
    }

    async fn history_starts_no_timer(kit: Orders) {
        let mut past = order("A-1");
        past.origin = pb::order::Origin::Backfill.into();
        kit.record(past).await.unwrap();
        kit.ship("A-1", shipment(&[("1", 3)])).await.unwrap();
        kit.advance_days(60);
        kit.drain().await;
        assert!(kit.events::<pb::DeliveryDelayed>().is_empty());
    }
}

#[tokio::test]
async fn the_span_of_silence_is_the_operators() {
    let kit = Orders::configured(Database::Sqlite, "stuck_after_days = 2").await;
    kit.recorded("A-1").await;
    kit.ship("A-1", shipment(&[("1", 3)])).await.unwrap();
    kit.advance_days(2);
    kit.drain().await;
    assert_eq!(kit.events::<pb::DeliveryDelayed>().len(), 1);
}
