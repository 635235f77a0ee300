use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, refusal, said};

fn count(state: &Return, quantity: i32) -> ReceiveReturnRequest {
    ReceiveReturnRequest {
        return_id: state.return_id.clone(),
        lines: vec![ReceivedLine {
            return_line_id: state.lines[0].return_line_id.clone(),
            quantity,
        }],
        ..Default::default()
    }
}

on_both_databases! {
    async fn counts_in_parts_and_never_too_many(world: World) {
        world.delivered("A-1", 3).await;
        let opened = world.open("A-1", 3).await;
        let mut client = world.client.clone();
        let one = client.receive_return(count(&opened, 1)).await.unwrap().into_inner();
        assert_eq!((one.state(), one.lines[0].received_quantity), (State::Approved, 1));
        let too_many = client.receive_return(count(&opened, 3)).await;
        assert_eq!(said(too_many), refusal("RECEIVE_QUANTITY_EXCEEDED"));
        let all = client.receive_return(count(&opened, 2)).await.unwrap().into_inner();
        assert_eq!((all.state(), all.lines[0].received_quantity), (State::Received, 3));
        world.kit.drain().await;
        let events = world.kit.events::<ReturnReceived>();
        let counted: Vec<i32> = events.iter().map(|event| event.message.lines[0].quantity).collect();
        assert_eq!(counted, [1, 2]);
    }

    async fn knows_only_its_own_lines(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let mut wrong = count(&opened, 1);
        wrong.lines[0].return_line_id = "rli_other".to_owned();
        let mut client = world.client.clone();
        let answer = client.receive_return(wrong).await;
        assert_eq!(said(answer), (tonic::Code::NotFound, "RETURN_LINE_NOT_FOUND".to_owned()));
    }
}
