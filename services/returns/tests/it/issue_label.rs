use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::{
    approve_return::in_review,
    world::{World, refusal, said},
};

fn request(state: &Return) -> IssueLabelRequest {
    IssueLabelRequest {
        return_id: state.return_id.clone(),
        ..Default::default()
    }
}

on_both_databases! {
    async fn answers_pending_and_a_worker_fetches_it(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let mut client = world.client.clone();
        let asked = client.issue_label(request(&opened)).await.unwrap().into_inner();
        assert_eq!(asked.label.as_ref().unwrap().state(), label::State::Pending);
        world.kit.drain().await;
        let issued = world.get(&opened.return_id).await;
        assert_eq!(issued.state(), State::LabelIssued);
        let label = issued.label.unwrap();
        assert_eq!(label.state(), label::State::Issued);
        assert_eq!(label.content_type, "image/svg+xml");
        let drawing = String::from_utf8(label.content).unwrap();
        assert!(drawing.starts_with("<svg") && drawing.contains(&label.tracking_number));
        assert_eq!(
            world.told(&opened.return_id).await,
            ["return-created", "return-approved", "label-issued"]
        );
        // The bytes travel in no event and in no list.
        let events = world.kit.events::<LabelIssued>();
        let told = events[0].message.r#return.as_ref().unwrap().label.as_ref().unwrap();
        assert!(told.content.is_empty() && !told.tracking_number.is_empty());
        let again = client.issue_label(request(&opened)).await.unwrap().into_inner();
        assert_eq!(again.revision, issued.revision);
    }

    async fn is_for_returns_that_were_accepted(world: World) {
        let opened = in_review(&world, "A-1").await;
        let mut client = world.client.clone();
        assert_eq!(said(client.issue_label(request(&opened)).await), refusal("RETURN_STATE_INVALID"));
    }

    async fn is_not_for_goods_that_are_handed_over_in_a_shop(world: World) {
        world.delivered("A-1", 1).await;
        let by_hand = CreateReturnRequest {
            method: ReturnMethod::Store.into(),
            ..World::request("A-1", 1)
        };
        let opened = world.create(by_hand).await.unwrap();
        let mut client = world.client.clone();
        assert_eq!(said(client.issue_label(request(&opened)).await), refusal("RETURN_STATE_INVALID"));
    }
}
