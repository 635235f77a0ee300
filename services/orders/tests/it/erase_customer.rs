use postlude_proto::{
    orders::v1::{self as pb, customer_service_client::CustomerServiceClient},
    returns::v1 as returns,
};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{Orders, customer, email_marketing, order, refused, time};

async fn erase(kit: &Orders) -> pb::Erasure {
    let request = pb::EraseCustomerRequest {
        customer_id: "C-1".to_owned(),
        ..Default::default()
    };
    kit.customers()
        .erase_customer(request)
        .await
        .unwrap()
        .into_inner()
}

async fn erasure(kit: &Orders, erasure_id: &str) -> pb::Erasure {
    let request = pb::GetErasureRequest {
        erasure_id: erasure_id.to_owned(),
    };
    kit.customers()
        .get_erasure(request)
        .await
        .unwrap()
        .into_inner()
}

fn acknowledged(erasure_id: &str) -> returns::CustomerErasureCompleted {
    returns::CustomerErasureCompleted {
        erasure_id: erasure_id.to_owned(),
        participant: Some(pb::ErasureParticipant {
            service: "returns".to_owned(),
            complete_time: Some(time("2026-03-03T12:00:05Z")),
            erased_count: 0,
            kept_count: 2,
            kept_because: "Refunds are kept for tax law.".to_owned(),
        }),
    }
}

on_both_databases! {
    async fn ends_with_a_receipt_when_everyone_has_acknowledged(kit: Orders) {
        kit.recorded("A-1").await;
        kit.recorded("A-2").await;
        kit.profile("C-1").await;
        let mut neighbour = order("B-1");
        neighbour.customer_id = "C-2".to_owned();
        kit.record(neighbour).await.unwrap();
        kit.drain().await;

        let asked = erase(&kit).await;
        assert_eq!(asked.state(), pb::erasure::State::InProgress);
        assert!(asked.participants.iter().all(|part| part.complete_time.is_none()));
        kit.drain().await;
        let half = erasure(&kit, &asked.erasure_id).await;
        assert_eq!(half.state(), pb::erasure::State::InProgress);
        let own = half.participants.iter().find(|part| part.service == "orders").unwrap();
        assert_eq!(own.kept_count, 2);
        assert!(own.erased_count >= 2, "{own:?}");
        assert!(!own.kept_because.is_empty());

        // Twice, as a bus may.
        for _ in 0..2 {
            kit.publish("shop", &asked.erasure_id, 1, &acknowledged(&asked.erasure_id)).await;
        }
        kit.drain().await;
        let whole = erasure(&kit, &asked.erasure_id).await;
        assert_eq!(whole.state(), pb::erasure::State::Completed);
        assert!(whole.complete_time.is_some());
        assert_eq!(whole.participants.len(), 2);
        assert_eq!(erase(&kit).await, whole);

        for order_id in ["A-1", "A-2"] {
            let order = kit.get(order_id).await.unwrap();
            assert_eq!((order.customer_id, order.revision), (asked.pseudonym.clone(), 2));
        }
        assert_eq!(kit.get("B-1").await.unwrap().customer_id, "C-2");
        assert!(kit.dead_letters().await.is_empty());
        // What was told of the neighbour is still there for a replay.
        let requests = kit.events::<pb::CustomerErasureRequested>();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].message.customer_id, "C-1");
    }

    async fn brings_nobody_back(kit: Orders) {
        kit.recorded("A-1").await;
        kit.profile("C-1").await;
        kit.consent("C-1", email_marketing(true, "2026-03-01T10:00:00Z")).await.unwrap();
        let erasure = erase(&kit).await;

        let get = pb::GetCustomerRequest { customer_id: "C-1".to_owned() };
        let gone = kit.customers().get_customer(get).await;
        refused(gone, Code::NotFound, "CUSTOMER_NOT_FOUND");
        let update = pb::UpdateCustomerRequest { customer: Some(customer("C-1")), ..Default::default() };
        let update = kit.customers().update_customer(update).await;
        refused(update, Code::FailedPrecondition, "CUSTOMER_ERASED");
        refused(kit.record(order("A-2")).await, Code::FailedPrecondition, "CUSTOMER_ERASED");
        let consent = kit.consent("C-1", email_marketing(true, "2026-03-04T10:00:00Z")).await;
        refused(consent, Code::FailedPrecondition, "CUSTOMER_ERASED");
        let element = pb::ImportOrdersRequest { order: Some(order("A-3")), line_number: 7 };
        let import = kit.orders().import_orders(futures_util::stream::iter([element])).await;
        let import = import.unwrap().into_inner();
        assert_eq!(import.failures[0].reason, "CUSTOMER_ERASED");
        kit.drain().await;
        let list = pb::ListOrdersRequest { customer_id: "C-1".to_owned(), ..Default::default() };
        assert_eq!(kit.orders().list_orders(list).await.unwrap().into_inner().total_size, 0);
        let list = pb::ListOrdersRequest { customer_id: erasure.pseudonym, ..Default::default() };
        assert_eq!(kit.orders().list_orders(list).await.unwrap().into_inner().total_size, 1);
    }

    async fn an_opt_out_outlives_the_customer(kit: Orders) {
        kit.profile("C-1").await;
        kit.consent("C-1", email_marketing(false, "2026-03-01T10:00:00Z")).await.unwrap();
        erase(&kit).await;
        let again = kit.profile("C-2").await;
        assert_eq!(again.consents.len(), 1);
        assert!(!again.consents[0].granted);
        assert_eq!(again.consents[0].occurred_time, Some(time("2026-03-01T10:00:00Z")));
        // Whoever agrees anew has agreed.
        let agreed = email_marketing(true, "2026-03-03T10:00:00Z");
        let after = kit.consent("C-2", agreed.clone()).await.unwrap();
        assert_eq!(after.consents, [agreed]);
    }

    async fn a_customer_with_orders_and_no_profile_is_erased_too(kit: Orders) {
        kit.recorded("A-1").await;
        let asked = erase(&kit).await;
        kit.publish("shop", &asked.erasure_id, 1, &acknowledged(&asked.erasure_id)).await;
        kit.drain().await;
        assert_eq!(erasure(&kit, &asked.erasure_id).await.state(), pb::erasure::State::Completed);
        assert_eq!(kit.get("A-1").await.unwrap().customer_id, asked.pseudonym);
        let unknown = pb::GetErasureRequest { erasure_id: "era_none".to_owned() };
        let answer = kit.customers().get_erasure(unknown).await;
        refused(answer, Code::NotFound, "ERASURE_NOT_FOUND");
    }

    async fn a_number_that_nobody_has_is_not_barred(kit: Orders) {
        kit.profile("C-1").await;
        let request = |customer_id: &str| pb::EraseCustomerRequest {
            customer_id: customer_id.to_owned(),
            ..Default::default()
        };
        let answer = kit.customers().erase_customer(request("C-7")).await;
        refused(answer, Code::NotFound, "CUSTOMER_NOT_FOUND");
        assert_eq!(kit.profile("C-7").await.revision, 1);

        let mut other = CustomerServiceClient::new(kit.full_channel("other"));
        let answer = other.erase_customer(request("C-1")).await;
        refused(answer, Code::NotFound, "CUSTOMER_NOT_FOUND");
        let asked = erase(&kit).await;
        let request = pb::GetErasureRequest { erasure_id: asked.erasure_id };
        refused(other.get_erasure(request).await, Code::NotFound, "ERASURE_NOT_FOUND");
    }
}
