use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::{
    approve_return::in_review,
    world::{World, refusal, said, wanted},
};

on_both_databases! {
    async fn a_person_says_no_and_the_units_are_free_again(world: World) {
        let opened = in_review(&world, "A-1").await;
        let mut client = world.client.clone();
        let request = DeclineReturnRequest {
            return_id: opened.return_id.clone(),
            note: "worn for a year".to_owned(),
            ..Default::default()
        };
        let declined = client.decline_return(request.clone()).await.unwrap().into_inner();
        assert_eq!(declined.state(), State::Rejected);
        assert_eq!(
            world.told(&opened.return_id).await,
            ["return-created", "return-needs-review", "return-declined"]
        );
        assert_eq!(said(client.decline_return(request).await), refusal("RETURN_STATE_INVALID"));
        let again = CreateReturnRequest {
            lines: vec![wanted("1", 1, ReturnReason::Damaged)],
            ..World::request("A-1", 1)
        };
        assert!(world.create(again).await.is_ok());
    }
}
