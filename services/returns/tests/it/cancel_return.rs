use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, refusal, said};

fn request(state: &Return) -> CancelReturnRequest {
    CancelReturnRequest {
        return_id: state.return_id.clone(),
        ..Default::default()
    }
}

on_both_databases! {
    async fn gives_the_units_back(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let taken = world.create(World::request("A-1", 1)).await;
        assert_eq!(said(taken), refusal("RETURN_QUANTITY_EXCEEDED"));
        let mut client = world.client.clone();
        let cancelled = client.cancel_return(request(&opened)).await.unwrap().into_inner();
        assert_eq!(cancelled.state(), State::Cancelled);
        assert!(world.create(World::request("A-1", 1)).await.is_ok());
        assert_eq!(
            world.told(&opened.return_id).await,
            ["return-created", "return-approved", "return-cancelled"]
        );
    }

    async fn is_too_late_once_the_goods_have_come(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        world.receive(&opened).await;
        let mut client = world.client.clone();
        let answer = client.cancel_return(request(&opened)).await;
        assert_eq!(said(answer), refusal("RETURN_STATE_INVALID"));
    }
}
