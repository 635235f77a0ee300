//! What happens when time passes.

use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::World;

on_both_databases! {
    async fn a_return_that_is_not_sent_in_time_expires_and_frees_its_units(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        world.kit.advance_days(13);
        world.kit.drain().await;
        assert_eq!(world.get(&opened.return_id).await.state(), State::Approved);
        world.kit.advance_days(1);
        world.kit.drain().await;
        assert_eq!(world.get(&opened.return_id).await.state(), State::Expired);
        assert_eq!(world.told(&opened.return_id).await.last().unwrap(), "return-line-expired");
        let again = world.open("A-1", 1).await;
        assert_eq!(again.state(), State::Approved);
    }

    async fn a_return_that_has_come_does_not_expire(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        world.receive(&opened).await;
        world.kit.advance_days(30);
        world.kit.drain().await;
        assert_eq!(world.get(&opened.return_id).await.state(), State::Received);
    }

    async fn a_window_opens_with_the_delivery_and_closes_once(world: World) {
        world.delivered("A-1", 2).await;
        let opened = world.kit.events::<ReturnWindowOpened>();
        assert_eq!(opened.len(), 1);
        let window = opened[0].message.window.clone().unwrap();
        assert_eq!((window.order_id.as_str(), window.line_id.as_str(), window.revision), ("A-1", "1", 1));
        assert_eq!(window.reasons[0].code, "BUILT_IN_WINDOW");
        world.kit.advance_days(30);
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ReturnWindowClosed>().len(), 0);
        world.kit.advance_days(1);
        world.kit.drain().await;
        world.kit.advance_days(1);
        world.kit.drain().await;
        let closed = world.kit.events::<ReturnWindowClosed>();
        assert_eq!(closed.len(), 1);
        let told = closed[0].message.window.clone().unwrap();
        assert_eq!((told.close_time, told.revision), (window.close_time, 2));
    }

    async fn a_later_parcel_moves_the_window(world: World) {
        world.shop.insert(crate::world::ordered("A-1", vec![crate::world::line("1", 2)]));
        world.shop.ship("A-1");
        world.shop.change("A-1", |order| {
            order.shipments[0].lines[0].quantity = 1;
            let mut second = order.shipments[0].clone();
            second.shipment_id = "s-2".to_owned();
            order.shipments.push(second);
        });
        let first = world.kit.now();
        world.shop.change("A-1", |order| {
            order.shipments[0].delivered_time = Some(crate::world::stamp(first));
        });
        world.tell("A-1").await;
        world.kit.advance_days(5);
        let second = world.kit.now();
        world.shop.change("A-1", |order| {
            order.shipments[1].delivered_time = Some(crate::world::stamp(second));
        });
        world.tell("A-1").await;
        assert_eq!(world.kit.events::<ReturnWindowOpened>().len(), 2);
        world.kit.advance_days(27);
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ReturnWindowClosed>().len(), 0);
        world.kit.advance_days(5);
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ReturnWindowClosed>().len(), 1);
    }
}
