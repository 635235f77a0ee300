use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::world::{
    Orders, customer, email_marketing, euro, order, refused, shipment, time, units,
};

on_both_databases! {
    async fn the_same_request_a_hundred_times_has_one_effect(kit: Orders) {
        let request = pb::RecordOrderRequest {
            order: Some(order("A-1")),
            request_id: "r-1".to_owned(),
            ..Default::default()
        };
        let calls = (0..100).map(|_| {
            let (mut client, request) = (kit.orders(), request.clone());
            async move { client.record_order(request).await }
        });
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(answer.unwrap().into_inner().revision, 1);
        }
        kit.drain().await;
        assert_eq!(kit.events::<pb::OrderRecorded>().len(), 1);

        let mut other = request;
        other.order.as_mut().unwrap().tax_included = true;
        let answer = kit.orders().record_order(other).await;
        let fields = refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert_eq!(fields, ["request_id"]);
    }

    async fn every_change_answers_a_retry_as_it_answered_first(kit: Orders) {
        kit.recorded("A-1").await;
        kit.profile("C-1").await;
        let request_id = || "r-1".to_owned();
        let order_id = || "A-1".to_owned();

        let cancel = pb::CancelOrderLinesRequest {
            order_id: order_id(), lines: units(&[("1", 1)]), request_id: request_id(), ..Default::default()
        };
        let pay = pb::RecordPaymentRequest {
            order_id: order_id(),
            payment: Some(pb::Payment {
                payment_id: "p1".to_owned(),
                kind: pb::payment::Kind::Captured.into(),
                amount: Some(euro(1)),
                occurred_time: Some(time("2026-03-01T10:01:00Z")),
                ..Default::default()
            }),
            request_id: request_id(),
        };
        let ship = pb::RecordShipmentRequest {
            order_id: order_id(), shipment: Some(shipment(&[("1", 1)])), request_id: request_id(),
        };
        let (mut orders, mut customers) = (kit.orders(), kit.customers());
        let cancelled = orders.cancel_order_lines(cancel.clone()).await.unwrap().into_inner();
        let paid = orders.record_payment(pay.clone()).await.unwrap().into_inner();
        let shipped = orders.record_shipment(ship.clone()).await.unwrap().into_inner();
        assert_eq!(shipped.revision, 4);
        assert_eq!(orders.cancel_order_lines(cancel).await.unwrap().into_inner(), cancelled);
        assert_eq!(orders.record_payment(pay).await.unwrap().into_inner(), paid);
        assert_eq!(orders.record_shipment(ship).await.unwrap().into_inner(), shipped);
        assert_eq!(kit.get("A-1").await.unwrap(), shipped);

        let update = pb::UpdateCustomerRequest {
            customer: Some(pb::Customer { locale: "de-DE".to_owned(), ..customer("C-1") }),
            request_id: request_id(),
            ..Default::default()
        };
        let consent = pb::SetConsentRequest {
            customer_id: "C-1".to_owned(),
            consent: Some(email_marketing(true, "2026-03-01T10:00:00Z")),
            request_id: request_id(),
        };
        let updated = customers.update_customer(update.clone()).await.unwrap().into_inner();
        let agreed = customers.set_consent(consent.clone()).await.unwrap().into_inner();
        assert_eq!(customers.update_customer(update).await.unwrap().into_inner(), updated);
        assert_eq!(customers.set_consent(consent).await.unwrap().into_inner(), agreed);

        let erase = pb::EraseCustomerRequest { customer_id: "C-1".to_owned(), request_id: request_id() };
        let erasure = customers.erase_customer(erase.clone()).await.unwrap().into_inner();
        assert_eq!(customers.erase_customer(erase).await.unwrap().into_inner(), erasure);
    }
}
