//! The command to the retailer's payment system.

use std::{sync::Arc, time::Duration};

use postlude_proto::returns::v1::{confirm_refund_request::Result as Reported, r#return::State, *};
use postlude_testkit::on_both_databases;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::method};

use crate::{
    settings::SECRET,
    world::{Shared, World, total},
};

/// A payment system that gives these answers, the last one for ever.
struct Script(Shared<Vec<ResponseTemplate>>);

impl Respond for Script {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        }
    }
}

fn says(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/json")
}

async fn payment_system(world: &World, answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(Script(Arc::new(answers.into())))
        .mount(&server)
        .await;
    configure(world, &server.uri()).await;
    server
}

async fn configure(world: &World, endpoint: &str) {
    let mut client = world.client.clone();
    let request = UpdateReturnSettingsRequest {
        settings: Some(ReturnSettings {
            payment_endpoint: endpoint.to_owned(),
            payment_endpoint_secret: SECRET.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    client.update_return_settings(request).await.unwrap();
}

async fn asked(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

on_both_databases! {
    async fn is_signed_carries_the_refunds_id_and_ends_the_refund(world: World) {
        let server = payment_system(&world, vec![says(r#"{"status":"confirmed","reference":"psp-1"}"#)]).await;
        world.delivered("A-1", 1).await;
        let (state, refund_id) = world.refunding("A-1", 1).await;
        world.kit.drain().await;
        let paid = world.get(&state.return_id).await;
        assert_eq!(paid.state(), State::Refunded);
        assert_eq!(paid.refunds[0].external_reference, "psp-1");
        assert_eq!(paid.refunds[0].attempt_count, 1);
        let requests = asked(&server).await;
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].headers["webhook-id"], refund_id.as_str());
        let seconds: i64 = requests[0].headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        let signature = standardwebhooks::Webhook::new(SECRET)
            .unwrap()
            .sign(&refund_id, seconds, &requests[0].body)
            .unwrap();
        assert_eq!(requests[0].headers["webhook-signature"], signature.as_str());
        let body: serde_json::Value = requests[0].body_json().unwrap();
        assert_eq!(body["data"]["amount_minor"], total(paid.refunds[0].breakdown.as_ref()));
        assert_eq!(body["data"]["order_id"], "A-1");
        assert_eq!(
            world.told(&state.return_id).await[4..],
            ["refund-requested", "refund-confirmed"]
        );
    }

    async fn is_repeated_with_the_same_key_until_there_is_an_answer(world: World) {
        let server = payment_system(&world, vec![
            ResponseTemplate::new(500),
            ResponseTemplate::new(503),
            says(r#"{"status":"pending"}"#),
            says(r#"{"status":"confirmed","reference":"psp-2"}"#),
        ]).await;
        world.delivered("A-1", 1).await;
        let (state, refund_id) = world.refunding("A-1", 1).await;
        world.kit.drain().await;
        let waiting = world.get(&state.return_id).await;
        assert_eq!(waiting.refunds[0].state(), refund::State::Requested);
        assert_eq!(waiting.refunds[0].failure, "the payment system answered HTTP 500");
        // Not before its time.
        world.kit.advance(Duration::from_secs(2));
        world.kit.drain().await;
        assert_eq!(asked(&server).await.len(), 1);
        for _ in 0..3 {
            world.kit.advance(Duration::from_secs(2 * 3600));
            world.kit.drain().await;
        }
        let paid = world.get(&state.return_id).await;
        assert_eq!(paid.state(), State::Refunded);
        assert_eq!((paid.refunds[0].attempt_count, paid.refunds[0].failure.as_str()), (4, ""));
        let requests = asked(&server).await;
        assert_eq!(requests.len(), 4);
        assert!(requests.iter().all(|request| request.headers["webhook-id"] == refund_id.as_str()));
        assert!(requests.iter().all(|request| request.body == requests[0].body));
        let told = world.told(&state.return_id).await;
        assert_eq!(told.iter().filter(|name| *name == "refund-confirmed").count(), 1);
    }

    async fn a_refusal_fails_the_refund_and_frees_the_money(world: World) {
        let _server = payment_system(&world, vec![
            says(r#"{"status":"failed","failure":"card expired"}"#),
            says(r#"{"status":"confirmed"}"#),
        ]).await;
        world.delivered("A-1", 1).await;
        let (state, _) = world.refunding("A-1", 1).await;
        world.kit.drain().await;
        let failed = world.get(&state.return_id).await;
        assert_eq!(failed.refunds[0].state(), refund::State::Failed);
        assert_eq!(failed.refunds[0].failure, "card expired");
        world.refund(&failed).await.unwrap();
        world.kit.drain().await;
        assert_eq!(world.get(&state.return_id).await.state(), State::Refunded);
    }

    async fn a_late_confirmation_ends_the_asking(world: World) {
        let server = payment_system(&world, vec![says(r#"{"status":"pending"}"#)]).await;
        world.delivered("A-1", 1).await;
        let (state, refund_id) = world.refunding("A-1", 1).await;
        world.kit.drain().await;
        let mut client = world.client.clone();
        let report = ConfirmRefundRequest {
            refund_id,
            result: Reported::Confirmed.into(),
            ..Default::default()
        };
        client.confirm_refund(report).await.unwrap();
        world.kit.advance_days(1);
        world.kit.drain().await;
        assert_eq!(world.get(&state.return_id).await.state(), State::Refunded);
        assert_eq!(asked(&server).await.len(), 1);
    }

    async fn an_endpoint_that_comes_later_is_asked_for_what_waits(world: World) {
        world.delivered("A-1", 1).await;
        let (state, _) = world.refunding("A-1", 1).await;
        world.kit.drain().await;
        let server = payment_system(&world, vec![says(r#"{"status":"confirmed"}"#)]).await;
        world.kit.drain().await;
        assert_eq!(world.get(&state.return_id).await.state(), State::Refunded);
        assert_eq!(asked(&server).await.len(), 1);
    }

    async fn an_endpoint_that_is_gone_is_left_alone_until_the_settings_change(world: World) {
        let server = payment_system(&world, vec![ResponseTemplate::new(410)]).await;
        world.delivered("A-1", 1).await;
        let (state, _) = world.refunding("A-1", 1).await;
        world.kit.drain().await;
        world.kit.advance_days(5);
        world.kit.drain().await;
        assert_eq!(asked(&server).await.len(), 1);
        assert_eq!(world.get(&state.return_id).await.refunds[0].state(), refund::State::Requested);
        let _other = payment_system(&world, vec![says(r#"{"status":"confirmed"}"#)]).await;
        world.kit.drain().await;
        assert_eq!(world.get(&state.return_id).await.state(), State::Refunded);
    }

    async fn survives_a_restart_in_the_middle(mut_world: World) {
        let mut world = mut_world;
        let server = payment_system(&world, vec![ResponseTemplate::new(500), says(r#"{"status":"confirmed"}"#)]).await;
        world.delivered("A-1", 1).await;
        let (state, _) = world.refunding("A-1", 1).await;
        world.kit.drain().await;
        world.kit.restart().await;
        world.client = return_service_client::ReturnServiceClient::new(world.kit.full_channel(crate::world::TENANT));
        world.kit.advance(Duration::from_secs(60));
        world.kit.drain().await;
        assert_eq!(world.get(&state.return_id).await.state(), State::Refunded);
        assert_eq!(asked(&server).await.len(), 2);
    }
}
