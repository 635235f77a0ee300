use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::World;

fn scan(state: &Return, event_id: &str, seconds: i64) -> RecordReturnScanRequest {
    RecordReturnScanRequest {
        return_id: state.return_id.clone(),
        scan: Some(ReturnScan {
            event_id: event_id.to_owned(),
            occurred_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            location: "Leipzig".to_owned(),
            ..Default::default()
        }),
    }
}

on_both_databases! {
    async fn the_first_scan_sets_the_goods_moving_and_a_double_changes_nothing(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let mut client = world.client.clone();
        let moving = client.record_return_scan(scan(&opened, "b", 1_772_600_000)).await.unwrap().into_inner();
        assert_eq!(moving.state(), State::InTransit);
        let double = client.record_return_scan(scan(&opened, "b", 1_772_600_000)).await.unwrap().into_inner();
        assert_eq!(double, moving);
        let earlier = client.record_return_scan(scan(&opened, "a", 1_772_500_000)).await.unwrap().into_inner();
        let order: Vec<&str> = earlier.scans.iter().map(|scan| scan.event_id.as_str()).collect();
        assert_eq!(order, ["a", "b"]);
        assert_eq!(
            world.told(&opened.return_id).await,
            ["return-created", "return-approved", "return-in-transit"]
        );
    }
}
