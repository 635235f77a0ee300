use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;
use tonic_types::StatusExt as _;

use crate::{
    approve_return::in_review,
    world::{World, refusal, said, stamp},
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
        assert_eq!(label.content_type, "application/pdf");
        let document = String::from_utf8_lossy(&label.content);
        assert!(document.starts_with("%PDF-") && document.ends_with("%%EOF"));
        assert!(document.contains(&label.tracking_number) && document.contains(&opened.return_id));
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

    async fn books_the_time_at_which_a_carrier_comes(world: World) {
        world.delivered("A-1", 1).await;
        let by_carrier = CreateReturnRequest {
            method: ReturnMethod::Pickup.into(),
            ..World::request("A-1", 1)
        };
        let opened = world.create(by_carrier).await.unwrap();
        let (start, end) = (world.kit.now().plus_days(1), world.kit.now().plus_days(2));
        let window = |start, end| IssueLabelRequest {
            pickup_window: Some(PickupWindow { start_time: Some(stamp(start)), end_time: Some(stamp(end)) }),
            ..request(&opened)
        };
        let mut client = world.client.clone();
        for (wrong, field) in [
            (request(&opened), "pickup_window"),
            (window(end, start), "pickup_window.end_time"),
            (window(start.plus_days(-3), end), "pickup_window.start_time"),
        ] {
            let status = client.issue_label(wrong).await.unwrap_err();
            assert_eq!(said::<()>(Err(status.clone())).1, "VALIDATION_FAILED");
            assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, field);
        }
        client.issue_label(window(start, end)).await.unwrap();
        world.kit.drain().await;
        let label = world.get(&opened.return_id).await.label.unwrap();
        assert_eq!(label.pickup_window.unwrap().end_time, Some(stamp(end)));
        assert!(String::from_utf8_lossy(&label.content).contains(&start.to_string()));
    }

    async fn takes_no_time_where_no_carrier_comes(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let now = world.kit.now();
        let window = PickupWindow {
            start_time: Some(stamp(now.plus_days(1))),
            end_time: Some(stamp(now.plus_days(2))),
        };
        let asked = IssueLabelRequest { pickup_window: Some(window), ..request(&opened) };
        let mut client = world.client.clone();
        assert_eq!(said(client.issue_label(asked).await).1, "VALIDATION_FAILED");
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
