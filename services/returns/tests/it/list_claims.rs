use postlude_proto::returns::v1::{claim::Kind, *};
use postlude_testkit::on_both_databases;

use crate::{
    create_claim::{claim, claimed},
    world::{World, said},
};

on_both_databases! {
    async fn goes_through_all_pages_newest_first(world: World) {
        let mut wanted = Vec::new();
        for (index, order_id) in ["A-1", "A-2", "A-3"].into_iter().enumerate() {
            world.delivered(order_id, 2).await;
            world.kit.advance(std::time::Duration::from_secs(1));
            wanted.push(claim(&world, claimed(order_id, Kind::Damaged, 1)).await.unwrap());
            assert_eq!(wanted.len(), index + 1);
        }
        let mut claims = world.claims.clone();
        let mut seen = Vec::new();
        let mut request = ListClaimsRequest { page_size: 2, ..Default::default() };
        loop {
            let page = claims.list_claims(request.clone()).await.unwrap().into_inner();
            seen.extend(page.claims);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        wanted.reverse();
        assert_eq!(seen, wanted);
        let of_order = ListClaimsRequest { order_id: "A-2".to_owned(), ..Default::default() };
        let found = claims.list_claims(of_order).await.unwrap().into_inner().claims;
        assert_eq!(found, wanted[1..2]);
        let denied = ListClaimsRequest { state: claim::State::Denied.into(), ..Default::default() };
        assert!(claims.list_claims(denied.clone()).await.unwrap().into_inner().claims.is_empty());
        // A place in one list is none in another.
        let mixed = ListClaimsRequest { page_token: request.page_token, ..denied };
        assert_eq!(said(claims.list_claims(mixed).await).1, "PAGE_TOKEN_INVALID");
    }
}
