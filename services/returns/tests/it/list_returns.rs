use postlude_proto::returns::v1::{r#return::State, *};
use postlude_testkit::on_both_databases;

use crate::world::{World, said};

async fn list(world: &World, request: ListReturnsRequest) -> ListReturnsResponse {
    let mut client = world.client.clone();
    client.list_returns(request).await.unwrap().into_inner()
}

on_both_databases! {
    async fn goes_through_all_pages_newest_first(world: World) {
        world.delivered("A-1", 5).await;
        let mut opened = Vec::new();
        for _ in 0..5 {
            opened.push(world.open("A-1", 1).await.return_id);
            world.kit.advance(std::time::Duration::from_secs(1));
        }
        opened.reverse();
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = list(&world, ListReturnsRequest { page_size: 2, page_token, ..Default::default() }).await;
            found.extend(page.returns.into_iter().map(|found| found.return_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, opened);
    }

    async fn narrows_by_order_and_state(world: World) {
        world.delivered("A-1", 1).await;
        world.delivered("A-2", 1).await;
        let first = world.open("A-1", 1).await;
        let second = world.open("A-2", 1).await;
        let of_order = ListReturnsRequest { order_id: "A-2".to_owned(), ..Default::default() };
        let found = list(&world, of_order).await.returns;
        assert_eq!(found.iter().map(|found| &found.return_id).collect::<Vec<_>>(), [&second.return_id]);
        world.receive(&first).await;
        let received = ListReturnsRequest { state: State::Received.into(), ..Default::default() };
        let found = list(&world, received).await.returns;
        assert_eq!(found.iter().map(|found| &found.return_id).collect::<Vec<_>>(), [&first.return_id]);
    }

    async fn refuses_a_token_of_another_list(world: World) {
        world.delivered("A-1", 2).await;
        world.open("A-1", 1).await;
        world.open("A-1", 1).await;
        let page = list(&world, ListReturnsRequest { page_size: 1, ..Default::default() }).await;
        let mut client = world.client.clone();
        let other = ListReturnsRequest {
            page_token: page.next_page_token,
            order_id: "A-1".to_owned(),
            ..Default::default()
        };
        let answer = client.list_returns(other).await;
        assert_eq!(said(answer), (tonic::Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned()));
    }
}
