use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, at_once, codes, refusal, said, total, wanted};

async fn quote(world: &World, order_id: &str, quantity: i32) -> Quote {
    let mut client = world.client.clone();
    let request = QuoteReturnRequest {
        order_id: order_id.to_owned(),
        lines: vec![wanted("1", quantity, ReturnReason::ChangedMind)],
        ..Default::default()
    };
    client.quote_return(request).await.unwrap().into_inner()
}

fn by(quote: &Quote) -> CreateReturnRequest {
    CreateReturnRequest {
        order_id: quote.order_id.clone(),
        quote_id: quote.quote_id.clone(),
        ..Default::default()
    }
}

on_both_databases! {
    async fn opens_an_approved_return_and_tells_of_it(world: World) {
        world.delivered("A-1", 2).await;
        let opened = world.open("A-1", 1).await;
        assert_eq!(opened.state(), State::Approved);
        assert_eq!(opened.revision, 1);
        assert_eq!(total(opened.lines[0].refund.as_ref()), 1_190);
        assert!(opened.return_by_time.is_some());
        assert_eq!(world.get(&opened.return_id).await, opened);
        assert_eq!(world.told(&opened.return_id).await, ["return-created", "return-approved"]);
        let events = world.kit.events::<ReturnCreated>();
        assert_eq!(events[0].message.r#return, Some(opened));
    }

    async fn sixteen_ask_for_the_last_unit_and_one_gets_it(world: World) {
        world.delivered("A-1", 1).await;
        let calls = (0..16).map(|_| {
            let mut client = world.client.clone();
            async move { client.create_return(World::request("A-1", 1)).await }
        });
        let answers = at_once(calls).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(good.len(), 1);
        for answer in bad {
            assert_eq!(said(answer), refusal("RETURN_QUANTITY_EXCEEDED"));
        }
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ReturnCreated>().len(), 1);
    }

    async fn a_request_id_a_hundred_times_at_once_is_one_return(world: World) {
        world.delivered("A-1", 5).await;
        let request = CreateReturnRequest {
            request_id: "once".to_owned(),
            ..World::request("A-1", 1)
        };
        let calls = (0..100).map(|_| {
            let mut client = world.client.clone();
            let request = request.clone();
            async move { client.create_return(request).await.unwrap().into_inner() }
        });
        let answers = at_once(calls).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ReturnCreated>().len(), 1);
        let other = CreateReturnRequest {
            request_id: "once".to_owned(),
            ..World::request("A-1", 2)
        };
        let answer = world.create(other).await;
        assert_eq!(said(answer), (tonic::Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
    }

    async fn a_quote_keeps_its_word(world: World) {
        world.delivered("A-1", 2).await;
        let quote = quote(&world, "A-1", 1).await;
        let opened = world.create(by(&quote)).await.unwrap();
        assert_eq!(opened.quote_id, quote.quote_id);
        assert_eq!(opened.lines[0].refund, quote.lines[0].refund);
        assert_eq!(opened.decision, quote.decision);
    }

    async fn a_quote_holds_only_while_the_facts_are_the_same(world: World) {
        world.delivered("A-1", 3).await;
        let quote = quote(&world, "A-1", 1).await;
        world.open("A-1", 1).await;
        assert_eq!(said(world.create(by(&quote)).await), refusal("QUOTE_CHANGED"));
    }

    async fn a_quote_holds_through_a_new_scan_of_the_parcel(world: World) {
        world.delivered("A-1", 1).await;
        let quote = quote(&world, "A-1", 1).await;
        world.shop.change("A-1", |order| order.shipments[0].tracking_number = "T1".to_owned());
        world.tell("A-1").await;
        assert!(world.create(by(&quote)).await.is_ok());
    }

    async fn a_quote_expires(world: World) {
        world.delivered("A-1", 1).await;
        let quote = quote(&world, "A-1", 1).await;
        world.kit.advance(std::time::Duration::from_secs(30 * 60 + 1));
        assert_eq!(said(world.create(by(&quote)).await), refusal("QUOTE_EXPIRED"));
        let unknown = CreateReturnRequest {
            quote_id: "quo_unknown".to_owned(),
            ..by(&quote)
        };
        let answer = world.create(unknown).await;
        assert_eq!(said(answer), (tonic::Code::NotFound, "QUOTE_NOT_FOUND".to_owned()));
    }

    async fn a_quote_is_taken_as_it_is(world: World) {
        world.delivered("A-1", 2).await;
        let quote = quote(&world, "A-1", 1).await;
        let other = CreateReturnRequest {
            lines: vec![wanted("1", 2, ReturnReason::ChangedMind)],
            ..by(&quote)
        };
        let answer = world.create(other).await;
        assert_eq!(said(answer), (tonic::Code::InvalidArgument, "VALIDATION_FAILED".to_owned()));
    }

    async fn what_the_policy_declines_never_becomes_a_return(world: World) {
        world.delivered("A-1", 1).await;
        world.kit.advance_days(31);
        let answer = world.create(World::request("A-1", 1)).await;
        assert_eq!(said(answer), refusal("RETURN_NOT_ALLOWED"));
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ReturnCreated>().len(), 0);
    }

    async fn a_late_defect_waits_for_a_person(world: World) {
        world.delivered("A-1", 1).await;
        world.kit.advance_days(100);
        let request = CreateReturnRequest {
            lines: vec![wanted("1", 1, ReturnReason::Defective)],
            ..World::request("A-1", 1)
        };
        let opened = world.create(request).await.unwrap();
        assert_eq!(opened.state(), State::NeedsReview);
        assert_eq!(codes(&opened.reasons), ["LATE_DEFECT"]);
        assert_eq!(world.told(&opened.return_id).await, ["return-created", "return-needs-review"]);
    }

    async fn another_tenant_sees_nothing_of_it(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let channel = world.kit.full_channel("other");
        let mut other = return_service_client::ReturnServiceClient::new(channel);
        let request = GetReturnRequest { return_id: opened.return_id };
        let answer = other.get_return(request).await;
        assert_eq!(said(answer), (tonic::Code::NotFound, "RETURN_NOT_FOUND".to_owned()));
    }
}
