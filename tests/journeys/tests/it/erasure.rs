//! A customer who is forgotten, in every service.

use anyhow::ensure;
use postlude_journeys::{World, on_every_setup, story::Story, wait};
use postlude_proto::orders::v1::{
    ContactPoint, Customer, EraseCustomerRequest, Erasure, GetCustomerRequest, GetErasureRequest,
    GetOrderRequest, ListOrdersRequest, UpdateCustomerRequest, contact_point, erasure,
};
use tonic::{Code, Status};

on_every_setup! {
    async fn a_forgotten_customer_leaves_a_receipt_and_no_name(world: World) -> anyhow::Result<()> {
        let shop = world.tenant("shop").await?;
        world.install_standard_returns(&shop).await?;
        let mut story = Story::new("order", world.days_ago(6));
        let profile = UpdateCustomerRequest {
            customer: Some(Customer {
                customer_id: story.customer_id.clone(),
                display_name: "Ada Lovelace".to_owned(),
                contact_points: vec![ContactPoint {
                    kind: contact_point::Kind::Email.into(),
                    value: "ada@shop.example".to_owned(),
                    verified: true,
                }],
                ..Customer::default()
            }),
            ..UpdateCustomerRequest::default()
        };
        shop.customers.clone().update_customer(profile.clone()).await?;
        story.tell(&shop).await?;

        let request = EraseCustomerRequest {
            customer_id: story.customer_id.clone(),
            ..EraseCustomerRequest::default()
        };
        let asked = shop.customers.clone().erase_customer(request.clone()).await?.into_inner();
        let receipt: Erasure = wait::until("every service has acknowledged", async || {
            let request = GetErasureRequest { erasure_id: asked.erasure_id.clone() };
            let seen = shop.customers.clone().get_erasure(request).await?.into_inner();
            Ok::<_, Status>((seen.state() == erasure::State::Completed).then_some(seen))
        })
        .await?;
        let mut services: Vec<_> =
            receipt.participants.iter().map(|part| part.service.as_str()).collect();
        services.sort_unstable();
        ensure!(services == ["orders", "returns"], "{receipt:?}");
        ensure!(
            receipt.participants.iter().all(|part| part.complete_time.is_some()),
            "{receipt:?}"
        );

        // The profile is gone; what the law keeps stands under the pseudonym.
        let gone = GetCustomerRequest { customer_id: story.customer_id.clone() };
        let gone = shop.customers.clone().get_customer(gone).await;
        ensure!(gone.is_err_and(|status| status.code() == Code::NotFound
            || status.code() == Code::FailedPrecondition), "the profile is gone");
        let order = GetOrderRequest { order_id: story.order_id.clone() };
        let order = shop.orders.clone().get_order(order).await?.into_inner();
        ensure!(order.customer_id == receipt.pseudonym, "{order:?}");
        let kept = story.seen(&shop).await?;
        ensure!(kept.customer_id == receipt.pseudonym, "{kept:?}");
        let theirs = ListOrdersRequest {
            customer_id: story.customer_id.clone(),
            ..ListOrdersRequest::default()
        };
        let theirs = shop.orders.clone().list_orders(theirs).await?.into_inner();
        ensure!(theirs.orders.is_empty(), "{theirs:?}");

        // Asking again answers the same erasure, and nobody comes back by a late write.
        let again = shop.customers.clone().erase_customer(request).await?.into_inner();
        ensure!(again.erasure_id == receipt.erasure_id, "{again:?}");
        let back = shop.customers.clone().update_customer(profile).await;
        ensure!(back.is_err(), "an erased customer came back: {back:?}");
        Ok(())
    }
}
