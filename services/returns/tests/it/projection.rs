//! Every event of orders that returns hears.

use postlude_proto::{
    orders::v1::{order::Origin, payment::Kind, *},
    returns::v1::*,
};
use postlude_testkit::{on_both_databases, shuffle_and_repeat};

use crate::world::{TENANT, World, line, ordered, refusal, said, total};

on_both_databases! {
    async fn events_shuffled_and_repeated_end_in_the_same_state(world: World) {
        world.shop.insert(ordered("A-1", vec![line("1", 3)]));
        let mut events = Vec::new();
        let revision = |world: &World| world.shop.get("A-1");
        let order = revision(&world);
        events.push(world.kit.envelope(TENANT, "A-1", 1, &OrderRecorded { order: Some(order) }));
        world.shop.change("A-1", |order| order.lines[0].cancelled_quantity = 1);
        let order = revision(&world);
        events.push(world.kit.envelope(TENANT, "A-1", order.revision, &OrderLinesCancelled { order: Some(order), ..Default::default() }));
        world.shop.pay("A-1", Kind::Captured, 2_380);
        let order = revision(&world);
        events.push(world.kit.envelope(TENANT, "A-1", order.revision, &PaymentRecorded { order: Some(order), ..Default::default() }));
        world.shop.ship("A-1");
        let order = revision(&world);
        events.push(world.kit.envelope(TENANT, "A-1", order.revision, &ShipmentRecorded { order: Some(order), ..Default::default() }));
        world.shop.change("A-1", |order| order.shipments[0].status = TrackingStatus::OutForDelivery.into());
        let order = revision(&world);
        events.push(world.kit.envelope(TENANT, "A-1", order.revision, &TrackingAdvanced { order: Some(order), ..Default::default() }));
        world.shop.deliver("A-1", world.kit.now());
        let order = revision(&world);
        events.push(world.kit.envelope(TENANT, "A-1", order.revision, &ShipmentDelivered { order: Some(order.clone()), ..Default::default() }));
        // Two events of one change.
        events.push(world.kit.envelope(TENANT, "A-1", order.revision, &TrackingAdvanced { order: Some(order), ..Default::default() }));
        world.kit.send(shuffle_and_repeat(events, 7)).await;
        world.kit.drain().await;
        assert!(world.kit.dead_letters().await.is_empty());
        assert_eq!(world.kit.events::<ReturnWindowOpened>().len(), 1);
        let (state, _) = world.refunding("A-1", 2).await;
        assert_eq!(total(state.refunds[0].breakdown.as_ref()), 2_380);
        assert_eq!(said(world.create(World::request("A-1", 1)).await), refusal("RETURN_QUANTITY_EXCEEDED"));
    }

    async fn an_order_that_was_only_captured_later_can_be_refunded(world: World) {
        world.shop.insert(ordered("A-1", vec![line("1", 1)]));
        world.tell("A-1").await;
        world.shop.capture("A-1");
        let order = world.shop.get("A-1");
        let event = PaymentRecorded { order: Some(order.clone()), ..Default::default() };
        world.kit.publish(TENANT, "A-1", order.revision, &event).await;
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        let order = world.shop.get("A-1");
        let event = ShipmentDelivered { order: Some(order.clone()), ..Default::default() };
        world.kit.publish(TENANT, "A-1", order.revision, &event).await;
        world.kit.drain().await;
        let (state, _) = world.refunding("A-1", 1).await;
        assert_eq!(total(state.refunds[0].breakdown.as_ref()), 1_190);
    }

    async fn history_starts_no_window_and_can_be_returned_all_the_same(world: World) {
        let mut order = ordered("A-1", vec![line("1", 1)]);
        order.origin = Origin::Backfill.into();
        world.shop.insert(order);
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        world.tell("A-1").await;
        assert_eq!(world.kit.events::<ReturnWindowOpened>().len(), 0);
        world.open("A-1", 1).await;
        world.kit.advance_days(40);
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ReturnWindowOpened>().len(), 0);
        assert_eq!(world.kit.events::<ReturnWindowClosed>().len(), 0);
    }

    async fn a_parcel_that_nobody_confirmed_counts_after_the_allowance(world: World) {
        world.shop.insert(ordered("A-1", vec![line("1", 1)]));
        world.shop.ship("A-1");
        world.tell("A-1").await;
        assert_eq!(said(world.create(World::request("A-1", 1)).await), refusal("RETURN_QUANTITY_EXCEEDED"));
        world.kit.advance_days(11);
        assert!(world.create(World::request("A-1", 1)).await.is_ok());
    }

    async fn an_event_without_its_order_goes_to_the_dead_letters(world: World) {
        world.kit.publish(TENANT, "A-1", 1, &OrderRecorded::default()).await;
        world.kit.drain().await;
        let dead = world.kit.dead_letters().await;
        assert_eq!(dead.len(), 1);
        assert!(dead[0].reason.contains("VALIDATION_FAILED"), "{}", dead[0].reason);
    }
}
