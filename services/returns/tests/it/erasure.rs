//! What stays of a customer who is forgotten.

use postlude_proto::{orders::v1::CustomerErasureRequested, returns::v1::*};
use postlude_testkit::on_both_databases;

use crate::world::{TENANT, World, said, wanted};

fn erasure() -> CustomerErasureRequested {
    CustomerErasureRequested {
        erasure_id: "ers-1".to_owned(),
        customer_id: "customer-1".to_owned(),
        pseudonym: "erased-1".to_owned(),
    }
}

on_both_databases! {
    async fn the_return_stays_under_the_pseudonym_without_the_customers_words(world: World) {
        world.delivered("A-1", 1).await;
        let mut line = wanted("1", 1, ReturnReason::WrongSize);
        line.comment = "my feet, you know".to_owned();
        let request = CreateReturnRequest {
            lines: vec![line],
            request_id: "r-1".to_owned(),
            ..World::request("A-1", 1)
        };
        let opened = world.create(request.clone()).await.unwrap();
        let claimed = crate::create_claim::claimed("order-0", claim::Kind::MissingParcel, 1);
        let claimed = crate::create_claim::claim(&world, claimed).await.unwrap();
        world.kit.publish(TENANT, "customer-1", 1, &erasure()).await;
        world.kit.drain().await;
        let get = GetClaimRequest { claim_id: claimed.claim_id };
        let claim = world.claims.clone().get_claim(get).await.unwrap().into_inner();
        assert_eq!(claim.customer_id, "erased-1");
        assert!(claim.description.is_empty() && claim.evidence_uris.is_empty());
        let kept = world.get(&opened.return_id).await;
        assert_eq!(kept.customer_id, "erased-1");
        assert_eq!(kept.lines[0].comment, "");
        let done = world.kit.events::<CustomerErasureCompleted>();
        assert_eq!(done.len(), 1);
        assert_eq!(done[0].message.erasure_id, "ers-1");
        let part = done[0].message.participant.clone().unwrap();
        assert_eq!(part.service, "returns");
        assert!(part.complete_time.is_some());
        // Two orders, a return and a claim.
        assert_eq!(part.kept_count, 4);
        assert!(!part.kept_because.is_empty());
        // What was remembered of the call is gone as well.
        assert_eq!(said(world.create(request).await).1, "CUSTOMER_ERASED");
        // The road goes on.
        let received = world.receive(&kept).await;
        let refunded = world.refund(&world.inspect(&received).await).await.unwrap();
        assert_eq!(refunded.customer_id, "erased-1");
    }

    async fn a_replay_brings_nobody_back(world: World) {
        world.kit.publish(TENANT, "customer-1", 1, &erasure()).await;
        world.kit.publish(TENANT, "customer-1", 1, &erasure()).await;
        world.kit.drain().await;
        world.shop.insert(crate::world::ordered("A-1", vec![crate::world::line("1", 1)]));
        world.tell("A-1").await;
        world.shop.change("A-1", |order| order.customer_id = "erased-1".to_owned());
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        // Not taken in under the old name, and asked for again under the new one.
        let opened = world.open("A-1", 1).await;
        assert_eq!(opened.customer_id, "erased-1");
    }
}
