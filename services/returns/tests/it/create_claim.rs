use postlude_proto::returns::v1::{claim::Kind, *};
use postlude_testkit::on_both_databases;
use tonic::{Code, Status};

use crate::world::{World, at_once, codes, line, ordered, refusal, said, stamp};

/// A claim about units of line "1".
pub(crate) fn claimed(order_id: &str, kind: Kind, quantity: i32) -> CreateClaimRequest {
    CreateClaimRequest {
        order_id: order_id.to_owned(),
        kind: kind.into(),
        lines: vec![ClaimLine {
            line_id: "1".to_owned(),
            quantity,
        }],
        description: "the lid came off".to_owned(),
        evidence_uris: vec!["photo-17".to_owned()],
        ..Default::default()
    }
}

pub(crate) async fn claim(world: &World, request: CreateClaimRequest) -> Result<Claim, Status> {
    let mut claims = world.claims.clone();
    claims
        .create_claim(request)
        .await
        .map(tonic::Response::into_inner)
}

/// An order of two units with a warranty of 24 months, delivered now.
async fn with_warranty(world: &World, order_id: &str) {
    let mut order = ordered(order_id, vec![line("1", 2)]);
    order.lines[0].warranty_months = 24;
    world.shop.insert(order);
    world.shop.capture(order_id);
    world.shop.ship(order_id);
    world.shop.deliver(order_id, world.kit.now());
    world.tell(order_id).await;
}

on_both_databases! {
    async fn takes_its_units_so_that_nothing_is_claimed_and_sent_back(world: World) {
        world.delivered("A-1", 2).await;
        let opened = claim(&world, claimed("A-1", Kind::Damaged, 1)).await.unwrap();
        assert!(opened.claim_id.starts_with("clm_"));
        assert_eq!((opened.state(), opened.revision), (claim::State::Open, 1));
        assert_eq!(opened.customer_id, "customer-1");
        // The customer's words are for GetClaim alone.
        assert!(opened.description.is_empty() && opened.evidence_uris.is_empty());
        world.kit.drain().await;
        let events = world.kit.events::<ClaimCreated>();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].message.claim.as_ref(), Some(&opened));
        assert_eq!(said(world.create(World::request("A-1", 2)).await), refusal("RETURN_QUANTITY_EXCEEDED"));
        assert_eq!(said(claim(&world, claimed("A-1", Kind::WrongItem, 2)).await), refusal("CLAIM_QUANTITY_EXCEEDED"));
        world.open("A-1", 1).await;
        assert_eq!(said(claim(&world, claimed("A-1", Kind::WrongItem, 1)).await), refusal("CLAIM_QUANTITY_EXCEEDED"));
    }

    async fn a_retry_answers_what_the_first_call_answered(world: World) {
        world.delivered("A-1", 2).await;
        let request = CreateClaimRequest { request_id: "c-1".to_owned(), ..claimed("A-1", Kind::Damaged, 1) };
        let first = claim(&world, request.clone()).await.unwrap();
        assert_eq!(claim(&world, request.clone()).await.unwrap(), first);
        let other = CreateClaimRequest { kind: Kind::WrongItem.into(), ..request };
        assert_eq!(said(claim(&world, other).await), (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
        world.kit.drain().await;
        assert_eq!(world.kit.events::<ClaimCreated>().len(), 1);
    }

    async fn of_many_who_claim_the_last_unit_one_gets_it(world: World) {
        world.delivered("A-1", 1).await;
        let answers = at_once((0..8).map(|_| {
            let mut claims = world.claims.clone();
            async move { claims.create_claim(claimed("A-1", Kind::Damaged, 1)).await }
        })).await;
        let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((taken.len(), refused.len()), (1, 7));
        for answer in refused {
            assert_eq!(said(answer), refusal("CLAIM_QUANTITY_EXCEEDED"));
        }
    }

    async fn what_is_missing_need_not_have_arrived_and_nothing_else_can_be_claimed_before(world: World) {
        world.record("A-1", 2).await;
        assert_eq!(said(claim(&world, claimed("A-1", Kind::Damaged, 1)).await), refusal("CLAIM_QUANTITY_EXCEEDED"));
        assert_eq!(said(claim(&world, claimed("A-1", Kind::MissingParcel, 3)).await), refusal("CLAIM_QUANTITY_EXCEEDED"));
        claim(&world, claimed("A-1", Kind::MissingParcel, 2)).await.unwrap();
        // What the carrier delivers after all is claimed already.
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        world.tell("A-1").await;
        assert_eq!(said(world.create(World::request("A-1", 1)).await), refusal("RETURN_QUANTITY_EXCEEDED"));
    }

    async fn a_warranty_covers_to_the_end_of_its_last_day(world: World) {
        with_warranty(&world, "A-1").await;
        let until = world.kit.now().plus_months(24).end_of_day();
        world.kit.advance(until.since(world.kit.now()));
        let opened = claim(&world, claimed("A-1", Kind::Warranty, 1)).await.unwrap();
        assert_eq!(codes(&opened.reasons), ["WITHIN_WARRANTY"]);
        world.kit.advance(until.plus_days(1).since(world.kit.now()));
        assert_eq!(said(claim(&world, claimed("A-1", Kind::Warranty, 1)).await), refusal("WARRANTY_OVER"));
        // Registered for longer, it is covered all the same.
        let registered = CreateClaimRequest {
            registered_warranty: Some(RegisteredWarranty {
                reference: "care-9".to_owned(),
                expire_time: Some(stamp(until.plus_days(365))),
            }),
            ..claimed("A-1", Kind::Warranty, 1)
        };
        let opened = claim(&world, registered).await.unwrap();
        assert_eq!(codes(&opened.reasons), ["REGISTERED_WARRANTY"]);
        assert_eq!(opened.warranty_reference, "care-9");
    }

    async fn without_a_warranty_there_is_none_to_claim(world: World) {
        world.delivered("A-1", 1).await;
        let status = claim(&world, claimed("A-1", Kind::Warranty, 1)).await.unwrap_err();
        assert!(status.message().contains("without a warranty"), "{}", status.message());
        assert_eq!(said::<()>(Err(status)), refusal("WARRANTY_OVER"));
    }

    async fn names_the_field_that_breaks_a_rule(world: World) {
        world.delivered("A-1", 1).await;
        let good = claimed("A-1", Kind::Damaged, 1);
        let twice = CreateClaimRequest { lines: vec![good.lines[0].clone(); 2], ..good.clone() };
        let no_warranty = CreateClaimRequest {
            registered_warranty: Some(RegisteredWarranty {
                reference: "care-9".to_owned(),
                expire_time: Some(stamp(world.kit.now())),
            }),
            ..good.clone()
        };
        let nothing = CreateClaimRequest { lines: Vec::new(), ..good.clone() };
        let unknown = CreateClaimRequest { kind: 99, ..good.clone() };
        for (request, field) in [
            (twice, "lines[1].line_id"),
            (no_warranty, "registered_warranty"),
            (nothing, "lines"),
            (unknown, "kind"),
        ] {
            let status = claim(&world, request).await.unwrap_err();
            assert_eq!(crate::world::fields(&status), [field]);
        }
        assert_eq!(
            said(claim(&world, claimed("none", Kind::Damaged, 1)).await),
            (Code::NotFound, "ORDER_NOT_FOUND".to_owned())
        );
        let other_line = ClaimLine { line_id: "9".to_owned(), quantity: 1 };
        let request = CreateClaimRequest { lines: vec![other_line], ..good };
        assert_eq!(said(claim(&world, request).await), (Code::NotFound, "ORDER_LINE_NOT_FOUND".to_owned()));
    }
}
