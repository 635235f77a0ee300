use postlude_proto::returns::v1::{claim::Kind, *};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::{
    create_claim::{claim, claimed},
    world::{World, said},
};

on_both_databases! {
    async fn shows_what_the_customer_said(world: World) {
        world.delivered("A-1", 1).await;
        let opened = claim(&world, claimed("A-1", Kind::Damaged, 1)).await.unwrap();
        let mut claims = world.claims.clone();
        let get = GetClaimRequest { claim_id: opened.claim_id.clone() };
        let found = claims.get_claim(get).await.unwrap().into_inner();
        assert_eq!(found.description, "the lid came off");
        assert_eq!(found.evidence_uris, ["photo-17"]);
        assert_eq!(found.lines, opened.lines);
        let other = GetClaimRequest { claim_id: "clm_none".to_owned() };
        assert_eq!(said(claims.get_claim(other).await), (Code::NotFound, "CLAIM_NOT_FOUND".to_owned()));
    }
}
