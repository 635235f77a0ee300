use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, said};

on_both_databases! {
    async fn sends_the_return_then_every_change(world: World) {
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let mut client = world.client.clone();
        let request = WatchReturnRequest { return_id: opened.return_id.clone() };
        let mut stream = client.watch_return(request).await.unwrap().into_inner();
        assert_eq!(stream.message().await.unwrap(), Some(opened.clone()));
        let received = world.receive(&opened).await;
        assert_eq!(stream.message().await.unwrap(), Some(received.clone()));
        let inspected = world.inspect(&received).await;
        let seen = stream.message().await.unwrap().unwrap();
        assert_eq!((seen.state(), seen.revision), (State::Inspected, inspected.revision));
    }

    async fn has_nothing_to_say_of_what_is_not_there(world: World) {
        let mut client = world.client.clone();
        let request = WatchReturnRequest { return_id: "ret_nothing".to_owned() };
        let answer = client.watch_return(request).await.map(|_| ());
        assert_eq!(said(answer), (tonic::Code::NotFound, "RETURN_NOT_FOUND".to_owned()));
    }
}
