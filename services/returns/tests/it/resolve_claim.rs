use postlude_proto::returns::v1::{
    claim::Kind, claim_resolution::Kind as Resolution, r#return::State, *,
};
use postlude_testkit::on_both_databases;
use tonic::Status;

use crate::{
    create_claim::{claim, claimed},
    world::{World, fields, line, ordered, refusal, said, total},
};

fn request(claim: &Claim, resolution: Resolution) -> ResolveClaimRequest {
    ResolveClaimRequest {
        claim_id: claim.claim_id.clone(),
        resolution: resolution.into(),
        note: "seen on the photograph".to_owned(),
        ..Default::default()
    }
}

async fn resolve(world: &World, request: ResolveClaimRequest) -> Result<Claim, Status> {
    let mut claims = world.claims.clone();
    claims
        .resolve_claim(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn damaged(world: &World, order_id: &str, quantity: i32) -> Claim {
    world.delivered(order_id, quantity).await;
    claim(world, claimed(order_id, Kind::Damaged, quantity))
        .await
        .unwrap()
}

on_both_databases! {
    async fn a_refund_without_a_return_is_asked_for_at_once(world: World) {
        let opened = damaged(&world, "A-1", 1).await;
        let asked = ResolveClaimRequest { request_id: "res-1".to_owned(), ..request(&opened, Resolution::Refund) };
        let resolved = resolve(&world, asked.clone()).await.unwrap();
        assert_eq!((resolved.state(), resolved.revision), (claim::State::Resolved, 2));
        let resolution = resolved.resolution.clone().unwrap();
        assert_eq!(resolution.kind(), Resolution::Refund);
        let settled = world.get(&resolution.return_id).await;
        assert_eq!(settled.claim_id, opened.claim_id);
        assert!(settled.lines[0].keep_item);
        assert_eq!(settled.lines[0].reason(), ReturnReason::Damaged);
        assert_eq!(settled.refunds.len(), 1);
        // The unit with its tax, and no fee.
        assert_eq!(total(settled.refunds[0].breakdown.as_ref()), 1_190);
        assert_eq!(world.told(&opened.claim_id).await, ["claim-created", "claim-resolved"]);
        assert_eq!(
            world.told(&resolution.return_id).await,
            ["return-created", "return-approved", "refund-requested"]
        );
        // Once, however often it is said.
        assert_eq!(resolve(&world, asked.clone()).await.unwrap(), resolved);
        let again = ResolveClaimRequest { request_id: String::new(), ..asked };
        assert_eq!(said(resolve(&world, again).await), refusal("CLAIM_STATE_INVALID"));
        // The unit is paid: it can't come back as well.
        assert_eq!(said(world.create(World::request("A-1", 1)).await), refusal("RETURN_QUANTITY_EXCEEDED"));
    }

    async fn a_missing_parcel_is_paid_with_its_shipping(world: World) {
        world.record("A-1", 2).await;
        let opened = claim(&world, claimed("A-1", Kind::MissingParcel, 2)).await.unwrap();
        let asked = ResolveClaimRequest { refund_shipping: true, ..request(&opened, Resolution::Refund) };
        let resolved = resolve(&world, asked).await.unwrap();
        let settled = world.get(&resolved.resolution.unwrap().return_id).await;
        assert_eq!(settled.lines[0].reason(), ReturnReason::NotReceived);
        assert_eq!(total(settled.refunds[0].breakdown.as_ref()), 2 * 1_190 + 595);
    }

    async fn a_refund_for_goods_that_must_come_back_waits_for_them(world: World) {
        let opened = damaged(&world, "A-1", 1).await;
        let asked = ResolveClaimRequest { return_required: true, ..request(&opened, Resolution::Refund) };
        let resolved = resolve(&world, asked).await.unwrap();
        let way_back = world.get(&resolved.resolution.unwrap().return_id).await;
        assert_eq!(way_back.state(), State::Approved);
        assert!(way_back.refunds.is_empty() && way_back.return_by_time.is_some());
        let judged = world.inspect(&world.receive(&way_back).await).await;
        let refunded = world.refund(&judged).await.unwrap();
        assert_eq!(total(refunded.refunds[0].breakdown.as_ref()), 1_190);
    }

    async fn a_replacement_names_the_goods_and_frees_the_units(world: World) {
        let opened = damaged(&world, "A-1", 2).await;
        let resolved = resolve(&world, request(&opened, Resolution::Replacement)).await.unwrap();
        let resolution = resolved.resolution.unwrap();
        assert_eq!(resolution.return_id, "");
        assert_eq!(resolution.replacement_lines.len(), 1);
        assert_eq!(resolution.replacement_lines[0].quantity, 2);
        assert_eq!(resolution.replacement_lines[0].sku, world.shop.get("A-1").lines[0].sku);
        // What came instead may come back in its turn.
        world.open("A-1", 2).await;
    }

    async fn goods_that_are_replaced_or_repaired_come_back_without_money(world: World) {
        for (order_id, resolution) in [("A-1", Resolution::Replacement), ("A-2", Resolution::Repair)] {
            let opened = damaged(&world, order_id, 1).await;
            let asked = ResolveClaimRequest { return_required: true, ..request(&opened, resolution) };
            let resolved = resolve(&world, asked).await.unwrap();
            let way_back = world.get(&resolved.resolution.unwrap().return_id).await;
            assert_eq!(way_back.refund_method(), RefundMethod::None);
            assert_eq!(said(world.create(World::request(order_id, 1)).await), refusal("RETURN_QUANTITY_EXCEEDED"));
            let judged = world.inspect(&world.receive(&way_back).await).await;
            assert_eq!(judged.state(), State::Returned);
            // The customer has goods again.
            world.open(order_id, 1).await;
        }
    }

    async fn a_denial_says_why_and_frees_the_units(world: World) {
        let opened = damaged(&world, "A-1", 1).await;
        let denied = resolve(&world, request(&opened, Resolution::Denial)).await.unwrap();
        assert_eq!(denied.state(), claim::State::Denied);
        assert_eq!(denied.reasons.last().unwrap().text, "seen on the photograph");
        world.kit.drain().await;
        let events = world.kit.events::<ClaimDenied>();
        assert_eq!(events[0].message.claim.as_ref(), Some(&denied));
        world.open("A-1", 1).await;
    }

    async fn a_refund_that_may_not_be_leaves_the_claim_open(world: World) {
        let opened = damaged(&world, "A-1", 1).await;
        world.shop.pay("A-1", postlude_proto::orders::v1::payment::Kind::Disputed, 100);
        world.tell("A-1").await;
        let asked = request(&opened, Resolution::Refund);
        assert_eq!(said(resolve(&world, asked.clone()).await), refusal("REFUND_DISPUTED"));
        let mut claims = world.claims.clone();
        let get = GetClaimRequest { claim_id: opened.claim_id.clone() };
        assert_eq!(claims.get_claim(get).await.unwrap().into_inner().state(), claim::State::Open);
        assert_eq!(world.told(&opened.claim_id).await, ["claim-created"]);
        world.shop.pay("A-1", postlude_proto::orders::v1::payment::Kind::DisputeClosed, 100);
        world.tell("A-1").await;
        resolve(&world, asked).await.unwrap();
    }

    async fn store_credit_gets_its_bonus(world: World) {
        let mut client = world.client.clone();
        client.update_return_settings(UpdateReturnSettingsRequest {
            settings: Some(ReturnSettings { store_credit_bonus_basis_points: 1_000, ..Default::default() }),
            ..Default::default()
        }).await.unwrap();
        let opened = damaged(&world, "A-1", 1).await;
        let asked = ResolveClaimRequest {
            refund_method: RefundMethod::StoreCredit.into(),
            ..request(&opened, Resolution::Refund)
        };
        let resolved = resolve(&world, asked).await.unwrap();
        let settled = world.get(&resolved.resolution.unwrap().return_id).await;
        assert_eq!(total(settled.refunds[0].breakdown.as_ref()), 1_190 + 119);
    }

    async fn is_for_what_was_seen(world: World) {
        let opened = damaged(&world, "A-1", 1).await;
        let stale = ResolveClaimRequest { etag: "7".to_owned(), ..request(&opened, Resolution::Repair) };
        assert_eq!(said(resolve(&world, stale).await), refusal("ETAG_MISMATCH"));
        let fresh = ResolveClaimRequest { etag: opened.etag.clone(), ..request(&opened, Resolution::Repair) };
        resolve(&world, fresh).await.unwrap();
    }

    async fn names_the_field_that_goes_with_another_resolution(world: World) {
        let opened = damaged(&world, "A-1", 1).await;
        world.shop.insert(ordered("A-2", vec![line("1", 1)]));
        world.tell("A-2").await;
        let missing = claim(&world, claimed("A-2", Kind::MissingParcel, 1)).await.unwrap();
        let of = |resolution| request(&opened, resolution);
        let replacement = ClaimReplacement { sku: "x".to_owned(), quantity: 1 };
        for (wrong, field) in [
            (ResolveClaimRequest { refund_shipping: true, ..of(Resolution::Denial) }, "refund_shipping"),
            (ResolveClaimRequest { refund_method: RefundMethod::Original.into(), ..of(Resolution::Repair) }, "refund_method"),
            (ResolveClaimRequest { refund_method: RefundMethod::GiftCredit.into(), ..of(Resolution::Refund) }, "refund_method"),
            (ResolveClaimRequest { replacement_lines: vec![replacement], ..of(Resolution::Refund) }, "replacement_lines"),
            (ResolveClaimRequest { return_required: true, ..of(Resolution::Denial) }, "return_required"),
            (ResolveClaimRequest { return_method: ReturnMethod::Store.into(), ..of(Resolution::Refund) }, "return_method"),
            (ResolveClaimRequest { note: String::new(), ..of(Resolution::Refund) }, "note"),
            (request(&missing, Resolution::Repair), "resolution"),
            (ResolveClaimRequest { return_required: true, ..request(&missing, Resolution::Refund) }, "return_required"),
        ] {
            let status = resolve(&world, wrong).await.unwrap_err();
            assert_eq!(fields(&status), [field], "{status:?}");
        }
    }
}
