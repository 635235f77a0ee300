use postlude_proto::returns::v1::*;
use postlude_testkit::on_both_databases;

use crate::world::{World, codes, refusal, said, total, wanted};

fn request(order_id: &str, quantity: i32, reason: ReturnReason) -> QuoteReturnRequest {
    QuoteReturnRequest {
        order_id: order_id.to_owned(),
        lines: vec![wanted("1", quantity, reason)],
        ..Default::default()
    }
}

on_both_databases! {
    async fn says_what_may_come_back_by_when_for_how_much_and_why(world: World) {
        world.delivered("A-1", 2).await;
        let mut client = world.client.clone();
        let quote = client
            .quote_return(request("A-1", 1, ReturnReason::ChangedMind))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(quote.outcome(), Outcome::Approved);
        assert_eq!(total(quote.refund.as_ref()), 1_190);
        assert_eq!(codes(&quote.lines[0].reasons), ["WITHIN_WINDOW"]);
        assert!(quote.lines[0].return_by_time.is_some());
        let decision = quote.decision.unwrap();
        assert_eq!(decision.plugin_id, "built-in");
        assert_eq!(decision.run_id, "");
    }

    async fn a_withdrawal_gives_the_outbound_shipping_back(world: World) {
        world.delivered("A-1", 2).await;
        let mut client = world.client.clone();
        let mut ask = async |quantity| {
            let quote = client
                .quote_return(request("A-1", quantity, ReturnReason::Withdrawal))
                .await
                .unwrap()
                .into_inner();
            total(quote.refund.as_ref())
        };
        // Half of 5.95, rounded down, then all of it.
        assert_eq!(ask(1).await, 1_190 + 297);
        assert_eq!(ask(2).await, 2_380 + 595);
    }

    async fn asks_orders_for_what_it_does_not_know_yet(world: World) {
        // The order is there, but no event of it has come.
        world.shop.insert(crate::world::ordered("A-1", vec![crate::world::line("1", 1)]));
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        let mut client = world.client.clone();
        let quote = client.quote_return(request("A-1", 1, ReturnReason::ChangedMind)).await;
        assert_eq!(quote.unwrap().into_inner().outcome(), Outcome::Approved);
    }

    async fn asks_orders_again_before_it_says_that_nothing_was_delivered(world: World) {
        world.record("A-1", 1).await;
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        let mut client = world.client.clone();
        let quote = client.quote_return(request("A-1", 1, ReturnReason::ChangedMind)).await;
        assert_eq!(quote.unwrap().into_inner().outcome(), Outcome::Approved);
    }

    async fn names_what_is_not_there(world: World) {
        world.delivered("A-1", 1).await;
        let mut client = world.client.clone();
        let unknown = client.quote_return(request("A-9", 1, ReturnReason::Damaged)).await;
        assert_eq!(said(unknown), (tonic::Code::NotFound, "ORDER_NOT_FOUND".to_owned()));
        let mut wrong = request("A-1", 1, ReturnReason::Damaged);
        wrong.lines[0].line_id = "7".to_owned();
        let unknown = client.quote_return(wrong).await;
        assert_eq!(said(unknown), (tonic::Code::NotFound, "ORDER_LINE_NOT_FOUND".to_owned()));
        let too_many = client.quote_return(request("A-1", 2, ReturnReason::Damaged)).await;
        assert_eq!(said(too_many), refusal("RETURN_QUANTITY_EXCEEDED"));
    }

    async fn refuses_a_line_that_stands_twice(world: World) {
        world.delivered("A-1", 2).await;
        let mut twice = request("A-1", 1, ReturnReason::Damaged);
        twice.lines.push(twice.lines[0].clone());
        let mut client = world.client.clone();
        let answer = client.quote_return(twice).await;
        assert_eq!(said(answer), (tonic::Code::InvalidArgument, "VALIDATION_FAILED".to_owned()));
    }

    async fn declines_after_the_window_and_still_says_why(world: World) {
        world.delivered("A-1", 1).await;
        world.kit.advance_days(31);
        let mut client = world.client.clone();
        let quote = client
            .quote_return(request("A-1", 1, ReturnReason::ChangedMind))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(quote.outcome(), Outcome::Declined);
        assert_eq!(codes(&quote.reasons), ["WINDOW_CLOSED"]);
        assert_eq!(total(quote.refund.as_ref()), 0);
    }
}
