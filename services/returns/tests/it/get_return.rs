use postlude_proto::returns::v1::*;
use postlude_testkit::on_both_databases;

use crate::world::{World, said, wanted};

on_both_databases! {
    async fn gives_the_customers_words_to_those_who_ask_for_this_return(world: World) {
        world.delivered("A-1", 1).await;
        let mut line = wanted("1", 1, ReturnReason::WrongSize);
        line.comment = "pinches".to_owned();
        let request = CreateReturnRequest {
            lines: vec![line],
            ..World::request("A-1", 1)
        };
        let opened = world.create(request).await.unwrap();
        assert_eq!(opened.lines[0].comment, "");
        assert_eq!(world.get(&opened.return_id).await.lines[0].comment, "pinches");
        world.kit.drain().await;
        let events = world.kit.events::<ReturnCreated>();
        assert_eq!(events[0].message.r#return.as_ref().unwrap().lines[0].comment, "");
    }

    async fn does_not_find_what_is_not_there(world: World) {
        let mut client = world.client.clone();
        let request = GetReturnRequest { return_id: "ret_nothing".to_owned() };
        let answer = client.get_return(request).await;
        assert_eq!(said(answer), (tonic::Code::NotFound, "RETURN_NOT_FOUND".to_owned()));
    }

    async fn asks_for_a_scope(world: World) {
        let channel = world.kit.channel(crate::world::TENANT, &["orders.read"]);
        let mut client = return_service_client::ReturnServiceClient::new(channel);
        let answer = client.get_return(GetReturnRequest { return_id: "ret_x".to_owned() }).await;
        assert_eq!(answer.unwrap_err().code(), tonic::Code::PermissionDenied);
    }
}
