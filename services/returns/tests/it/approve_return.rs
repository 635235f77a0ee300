use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, codes, refusal, said, wanted};

/// A return that a person must look at.
pub(crate) async fn in_review(world: &World, order_id: &str) -> Return {
    world.delivered(order_id, 1).await;
    world.kit.advance_days(100);
    let request = CreateReturnRequest {
        lines: vec![wanted("1", 1, ReturnReason::Defective)],
        ..World::request(order_id, 1)
    };
    world.create(request).await.unwrap()
}

fn request(state: &Return) -> ApproveReturnRequest {
    ApproveReturnRequest {
        return_id: state.return_id.clone(),
        note: "looks broken indeed".to_owned(),
        ..Default::default()
    }
}

on_both_databases! {
    async fn a_person_says_yes(world: World) {
        let opened = in_review(&world, "A-1").await;
        let mut client = world.client.clone();
        let approved = client.approve_return(request(&opened)).await.unwrap().into_inner();
        assert_eq!(approved.state(), State::Approved);
        assert_eq!(codes(&approved.reasons), ["LATE_DEFECT", "APPROVED_BY_OPERATOR"]);
        assert_eq!(approved.reasons[1].source, "operator");
        assert_eq!(approved.reasons[1].text, "looks broken indeed");
        assert!(approved.return_by_time.is_some());
        assert_eq!(
            world.told(&opened.return_id).await,
            ["return-created", "return-needs-review", "return-approved"]
        );
        let again = client.approve_return(request(&opened)).await;
        assert_eq!(said(again), refusal("RETURN_STATE_INVALID"));
    }

    async fn approves_only_what_was_seen(world: World) {
        let opened = in_review(&world, "A-1").await;
        let mut client = world.client.clone();
        let stale = ApproveReturnRequest { etag: "0".to_owned(), ..request(&opened) };
        assert_eq!(said(client.approve_return(stale).await), refusal("ETAG_MISMATCH"));
        let seen = ApproveReturnRequest { etag: opened.etag.clone(), ..request(&opened) };
        assert!(client.approve_return(seen).await.is_ok());
    }

    async fn a_retry_answers_what_the_first_call_answered(world: World) {
        let opened = in_review(&world, "A-1").await;
        let mut client = world.client.clone();
        let once = ApproveReturnRequest { request_id: "r-1".to_owned(), ..request(&opened) };
        let first = client.approve_return(once.clone()).await.unwrap().into_inner();
        let second = client.approve_return(once).await.unwrap().into_inner();
        assert_eq!(first, second);
    }
}
