use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, judged, refusal, said, total};

on_both_databases! {
    async fn units_whose_fate_differs_split_the_line(world: World) {
        world.delivered("A-1", 3).await;
        let received = world.receive(&world.open("A-1", 3).await).await;
        let id = received.lines[0].return_line_id.clone();
        let mut client = world.client.clone();
        let request = InspectReturnRequest {
            return_id: received.return_id.clone(),
            lines: vec![
                judged(&id, 2, Disposition::Restock),
                InspectedLine {
                    rejected: true,
                    note: "torn".to_owned(),
                    ..judged(&id, 1, Disposition::Discard)
                },
            ],
            ..Default::default()
        };
        let inspected = client.inspect_return(request).await.unwrap().into_inner();
        assert_eq!(inspected.state(), State::Inspected);
        assert_eq!(inspected.lines.len(), 2);
        let sum: i64 = inspected.lines.iter().map(|line| total(line.refund.as_ref())).sum();
        assert_eq!(sum, total(received.lines[0].refund.as_ref()));
        let refused = inspected.lines.iter().find(|line| line.state() == State::Rejected).unwrap();
        assert_eq!((refused.quantity, refused.inspection_note.as_str()), (1, "torn"));
        assert_eq!(
            world.told(&received.return_id).await[2..],
            ["return-received", "return-inspected", "return-line-rejected"]
        );
        // What was refused is still taken: it can't be sent back a second time.
        assert_eq!(said(world.create(World::request("A-1", 1)).await), refusal("RETURN_QUANTITY_EXCEEDED"));
    }

    async fn what_never_came_is_missing_and_not_paid_for(world: World) {
        world.delivered("A-1", 2).await;
        let opened = world.open("A-1", 2).await;
        let id = opened.lines[0].return_line_id.clone();
        let mut client = world.client.clone();
        let counted = ReceiveReturnRequest {
            return_id: opened.return_id.clone(),
            lines: vec![ReceivedLine { return_line_id: id.clone(), quantity: 1 }],
            ..Default::default()
        };
        client.receive_return(counted).await.unwrap();
        let request = InspectReturnRequest {
            return_id: opened.return_id.clone(),
            lines: vec![judged(&id, 1, Disposition::Missing), judged(&id, 1, Disposition::Restock)],
            ..Default::default()
        };
        let inspected = client.inspect_return(request).await.unwrap().into_inner();
        let refunded = world.refund(&inspected).await.unwrap();
        assert_eq!(total(refunded.refunds[0].breakdown.as_ref()), 1_190);
    }

    async fn refuses_what_was_not_counted_and_a_rejection_without_a_word(world: World) {
        world.delivered("A-1", 2).await;
        let opened = world.open("A-1", 2).await;
        let received = world.receive(&opened).await;
        let id = received.lines[0].return_line_id.clone();
        let mut client = world.client.clone();
        let mut ask = async |line| {
            let request = InspectReturnRequest {
                return_id: received.return_id.clone(),
                lines: vec![line],
                ..Default::default()
            };
            said(client.inspect_return(request).await)
        };
        assert_eq!(ask(judged(&id, 3, Disposition::Restock)).await, refusal("INSPECT_QUANTITY_EXCEEDED"));
        let silent = InspectedLine { rejected: true, ..judged(&id, 1, Disposition::Discard) };
        assert_eq!(ask(silent).await, (tonic::Code::InvalidArgument, "VALIDATION_FAILED".to_owned()));
    }
}
