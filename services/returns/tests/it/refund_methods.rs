//! Where the money goes: store credit, a gift's recipient, nowhere; what the customer keeps; favours.

use postlude_proto::returns::v1::{confirm_refund_request::Result as Reported, r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::{
    approve_return::in_review,
    world::{TENANT, World, eur, line, ordered, refusal, said, total},
};

async fn settings(world: &World, basis_points: i32) {
    let mut client = world.client.clone();
    let request = UpdateReturnSettingsRequest {
        settings: Some(ReturnSettings {
            store_credit_bonus_basis_points: basis_points,
            ..Default::default()
        }),
        ..Default::default()
    };
    client.update_return_settings(request).await.unwrap();
}

async fn confirm(world: &World, state: &Return) -> Return {
    let mut client = world.client.clone();
    let request = ConfirmRefundRequest {
        refund_id: state.refunds.last().unwrap().refund_id.clone(),
        result: Reported::Confirmed.into(),
        ..Default::default()
    };
    client.confirm_refund(request).await.unwrap().into_inner()
}

async fn gift(world: &World, order_id: &str) {
    let mut order = ordered(order_id, vec![line("1", 1), line("2", 1)]);
    order.lines[0].gift = true;
    world.shop.insert(order);
    world.shop.capture(order_id);
    world.shop.ship(order_id);
    world.shop.deliver(order_id, world.kit.now());
    world.tell(order_id).await;
}

fn goodwill(order_id: &str, minor: i64) -> CreateGoodwillRefundRequest {
    CreateGoodwillRefundRequest {
        order_id: order_id.to_owned(),
        amount: Some(eur(minor)),
        note: "sorry for the wait".to_owned(),
        request_id: format!("goodwill-{minor}"),
        ..Default::default()
    }
}

on_both_databases! {
    async fn store_credit_gets_the_bonus_that_was_quoted(world: World) {
        settings(&world, 1_000).await;
        world.delivered("A-1", 1).await;
        let mut client = world.client.clone();
        let asked = World::request("A-1", 1);
        let quote = client.quote_return(QuoteReturnRequest {
            order_id: "A-1".to_owned(),
            lines: asked.lines.clone(),
            refund_method: RefundMethod::StoreCredit.into(),
            ..Default::default()
        }).await.unwrap().into_inner();
        let bonus = quote.refund.as_ref().unwrap().bonus.clone().unwrap().amount_minor;
        assert_eq!(bonus, (total(quote.refund.as_ref()) - bonus) / 10);
        // What was promised holds.
        settings(&world, 0).await;
        let opened = world.create(CreateReturnRequest { quote_id: quote.quote_id.clone(), ..asked }).await.unwrap();
        let judged = world.inspect(&world.receive(&opened).await).await;
        let asked = world.refund(&judged).await.unwrap();
        assert_eq!(total(asked.refunds[0].breakdown.as_ref()), total(quote.refund.as_ref()));
        assert_eq!(asked.refunds[0].method(), RefundMethod::StoreCredit);
        assert_eq!(confirm(&world, &asked).await.state(), State::Credited);
    }

    async fn a_gifts_price_is_hidden_from_who_brings_it_back(world: World) {
        gift(&world, "A-1").await;
        let request = CreateReturnRequest {
            refund_method: RefundMethod::GiftCredit.into(),
            gift_recipient: "card-77".to_owned(),
            ..World::request("A-1", 1)
        };
        let scopes = ["returns.read", "returns.write"];
        let mut recipient = return_service_client::ReturnServiceClient::new(
            world.kit.channel(TENANT, &scopes),
        );
        let opened = recipient.create_return(request.clone()).await.unwrap().into_inner();
        assert_eq!(opened.customer_id, "");
        assert!(opened.lines.iter().all(|line| line.refund.is_none()));
        let get = GetReturnRequest { return_id: opened.return_id.clone() };
        let seen = recipient.get_return(get).await.unwrap().into_inner();
        assert!(seen.lines[0].refund.is_none() && seen.customer_id.is_empty());
        let list = recipient.list_returns(ListReturnsRequest::default()).await.unwrap().into_inner();
        assert!(list.returns[0].lines[0].refund.is_none());
        let mut watch = recipient.watch_return(WatchReturnRequest { return_id: opened.return_id.clone() })
            .await.unwrap().into_inner();
        assert!(watch.message().await.unwrap().unwrap().lines[0].refund.is_none());
        let quote = recipient.quote_return(QuoteReturnRequest {
            order_id: "A-1".to_owned(),
            lines: vec![RequestedLine { line_id: "1".to_owned(), ..request.lines[0].clone() }],
            refund_method: RefundMethod::GiftCredit.into(),
            ..Default::default()
        }).await;
        assert_eq!(said(quote), refusal("RETURN_QUANTITY_EXCEEDED"));
        // Who manages returns sees all of it.
        let full = world.get(&opened.return_id).await;
        assert!(total(full.lines[0].refund.as_ref()) > 0);
        assert!(!full.customer_id.is_empty());
        let judged = world.inspect(&world.receive(&full).await).await;
        let asked = world.refund(&judged).await.unwrap();
        assert_eq!(confirm(&world, &asked).await.state(), State::Credited);
    }

    async fn a_gifts_credit_needs_a_gift_and_somebody_who_gets_it(world: World) {
        gift(&world, "A-1").await;
        let request = CreateReturnRequest {
            refund_method: RefundMethod::GiftCredit.into(),
            gift_recipient: "card-77".to_owned(),
            ..World::request("A-1", 1)
        };
        let nobody = CreateReturnRequest { gift_recipient: String::new(), ..request.clone() };
        assert_eq!(said(world.create(nobody).await).1, "VALIDATION_FAILED");
        let no_gift = CreateReturnRequest {
            lines: vec![RequestedLine { line_id: "2".to_owned(), ..request.lines[0].clone() }],
            ..request.clone()
        };
        assert_eq!(said(world.create(no_gift).await), refusal("NOT_A_GIFT"));
        let somebody = CreateReturnRequest { refund_method: 0, ..request };
        assert_eq!(said(world.create(somebody).await).1, "VALIDATION_FAILED");
    }

    async fn what_comes_back_without_a_refund_ends_with_its_judgement(world: World) {
        world.delivered("A-1", 1).await;
        let request = CreateReturnRequest {
            refund_method: RefundMethod::None.into(),
            ..World::request("A-1", 1)
        };
        let opened = world.create(request).await.unwrap();
        let judged = world.inspect(&world.receive(&opened).await).await;
        assert_eq!(judged.state(), State::Returned);
        assert_eq!(said(world.refund(&judged).await), refusal("REFUND_NOT_DUE"));
    }

    async fn what_the_customer_keeps_is_refunded_without_a_parcel(world: World) {
        let opened = in_review(&world, "A-1").await;
        let mut client = world.client.clone();
        let approved = client.approve_return(ApproveReturnRequest {
            return_id: opened.return_id.clone(),
            note: "not worth the postage".to_owned(),
            keep_item: true,
            ..Default::default()
        }).await.unwrap().into_inner();
        assert_eq!(approved.state(), State::Inspected);
        assert!(approved.lines[0].keep_item && approved.return_by_time.is_none());
        let asked = world.refund(&approved).await.unwrap();
        assert_eq!(confirm(&world, &asked).await.state(), State::Refunded);
        world.kit.advance_days(60);
        world.kit.drain().await;
        assert_eq!(world.get(&opened.return_id).await.state(), State::Refunded);
    }

    async fn a_favour_keeps_within_what_was_captured_and_is_given_once(world: World) {
        world.delivered("A-1", 1).await;
        let mut client = world.client.clone();
        let given = client.create_goodwill_refund(goodwill("A-1", 500)).await.unwrap().into_inner();
        assert!(given.lines.is_empty());
        assert_eq!(given.reasons[0].code, "GOODWILL");
        let again = client.create_goodwill_refund(goodwill("A-1", 500)).await.unwrap().into_inner();
        assert_eq!(again, given);
        assert_eq!(confirm(&world, &given).await.state(), State::Refunded);
        // 11.90 and 5.95 were captured, 5.00 is gone.
        let too_much = client.create_goodwill_refund(goodwill("A-1", 1_286)).await;
        assert_eq!(said(too_much), refusal("REFUND_EXCEEDS_CAPTURED"));
        let nothing = client.create_goodwill_refund(goodwill("A-1", 0)).await;
        assert_eq!(said(nothing).1, "VALIDATION_FAILED");
        assert_eq!(
            world.told(&given.return_id).await,
            ["return-created", "refund-requested", "refund-confirmed"]
        );
    }

    async fn lost_goods_are_noticed_and_refunded_where_somebody_says_so(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let mut client = world.client.clone();
        let scan = |event_id: &str| RecordReturnScanRequest {
            return_id: opened.return_id.clone(),
            scan: Some(ReturnScan {
                event_id: event_id.to_owned(),
                occurred_time: Some(prost_types::Timestamp { seconds: 1_772_600_000, nanos: 0 }),
                ..Default::default()
            }),
        };
        client.record_return_scan(scan("a")).await.unwrap();
        world.kit.advance_days(20);
        client.record_return_scan(scan("b")).await.unwrap();
        world.kit.advance_days(20);
        world.kit.drain().await;
        assert_eq!(world.get(&opened.return_id).await.state(), State::InTransit);
        world.kit.advance_days(1);
        world.kit.drain().await;
        let lost = world.get(&opened.return_id).await;
        assert_eq!(lost.state(), State::LostInTransit);
        assert_eq!(world.kit.events::<ReturnLineLost>().len(), 1);
        assert_eq!(said(world.refund(&lost).await), refusal("RETURN_STATE_INVALID"));
        let request = RefundReturnRequest {
            return_id: lost.return_id.clone(),
            include_lost: true,
            ..Default::default()
        };
        let asked = client.refund_return(request).await.unwrap().into_inner();
        assert_eq!(confirm(&world, &asked).await.state(), State::Refunded);
    }
}
