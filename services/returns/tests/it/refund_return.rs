use postlude_proto::{
    orders::v1::payment::Kind,
    returns::v1::{r#return::State, *},
};
use postlude_testkit::on_both_databases;

use crate::world::{World, at_once, line, ordered, refusal, said, total};

on_both_databases! {
    async fn asks_for_the_money_once_and_waits_for_the_answer(world: World) {
        world.delivered("A-1", 2).await;
        let (state, refund_id) = world.refunding("A-1", 1).await;
        assert_eq!(state.state(), State::Inspected);
        assert_eq!(state.refunds[0].state(), refund::State::Requested);
        assert_eq!(total(state.refunds[0].breakdown.as_ref()), 1_190);
        world.kit.drain().await;
        // Nobody is asked: the tenant has no payment endpoint.
        assert_eq!(world.get(&state.return_id).await.refunds[0].attempt_count, 0);
        let events = world.kit.events::<RefundRequested>();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].message.refund.as_ref().unwrap().refund_id, refund_id);
        assert_eq!(said(world.refund(&state).await), refusal("RETURN_STATE_INVALID"));
    }

    async fn three_units_of_ten_add_up_to_what_was_paid(world: World) {
        let mut order = ordered("A-1", vec![line("1", 3)]);
        order.lines[0].line_total = Some(crate::world::eur(1_000));
        order.lines[0].tax = Some(crate::world::eur(0));
        order.shipping_charge = None;
        order.shipping_tax = None;
        world.shop.insert(order);
        world.shop.capture("A-1");
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        world.tell("A-1").await;
        let mut paid = Vec::new();
        for _ in 0..3 {
            let (state, _) = world.refunding("A-1", 1).await;
            paid.push(total(state.refunds[0].breakdown.as_ref()));
        }
        assert_eq!(paid, [333, 333, 334]);
    }

    async fn never_pays_above_what_was_captured(world: World) {
        world.delivered("A-1", 2).await;
        world.shop.pay("A-1", Kind::RefundedExternally, 1_500);
        world.tell("A-1").await;
        // 23.80 and 5.95 were captured and 15.00 given back elsewhere: one unit's 11.90 is left.
        let (state, _) = world.refunding("A-1", 1).await;
        assert_eq!(total(state.refunds[0].breakdown.as_ref()), 1_190);
        let other = world.inspected("A-1", 1).await;
        assert_eq!(said(world.refund(&other).await), refusal("REFUND_EXCEEDS_CAPTURED"));
    }

    async fn asks_orders_before_it_says_that_there_is_no_money(world: World) {
        world.shop.insert(ordered("A-1", vec![line("1", 1)]));
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        world.tell("A-1").await;
        let inspected = world.inspected("A-1", 1).await;
        assert_eq!(said(world.refund(&inspected).await), refusal("REFUND_EXCEEDS_CAPTURED"));
        // The money has come, but the event has not.
        world.shop.capture("A-1");
        assert!(world.refund(&inspected).await.is_ok());
    }

    async fn a_dispute_blocks_until_it_ends(world: World) {
        world.delivered("A-1", 1).await;
        world.shop.pay("A-1", Kind::Disputed, 1_785);
        world.tell("A-1").await;
        let inspected = world.inspected("A-1", 1).await;
        assert_eq!(said(world.refund(&inspected).await), refusal("REFUND_DISPUTED"));
        world.shop.pay("A-1", Kind::DisputeClosed, 1_785);
        world.tell("A-1").await;
        assert!(world.refund(&inspected).await.is_ok());
    }

    async fn a_dozen_calls_at_once_are_one_refund(world: World) {
        world.delivered("A-1", 1).await;
        let inspected = world.inspected("A-1", 1).await;
        let calls = (0..12).map(|_| {
            let mut client = world.client.clone();
            let return_id = inspected.return_id.clone();
            async move {
                client.refund_return(RefundReturnRequest { return_id, ..Default::default() }).await
            }
        });
        let good = at_once(calls).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(good, 1);
        world.kit.drain().await;
        assert_eq!(world.kit.events::<RefundRequested>().len(), 1);
    }
}
