use postlude_proto::orders::v1 as pb;
use postlude_testkit::on_both_databases;
use tonic::{Code, Status};

use crate::world::{Orders, euro, refused, time};

fn captured(payment_id: &str, amount_minor: i64) -> pb::Payment {
    pb::Payment {
        payment_id: payment_id.to_owned(),
        kind: pb::payment::Kind::Captured.into(),
        tender_id: "card".to_owned(),
        amount: Some(euro(amount_minor)),
        occurred_time: Some(time("2026-03-01T10:01:00Z")),
    }
}

async fn pay(kit: &Orders, order_id: &str, payment: pb::Payment) -> Result<pb::Order, Status> {
    let request = pb::RecordPaymentRequest {
        order_id: order_id.to_owned(),
        payment: Some(payment),
        ..Default::default()
    };
    Ok(kit.orders().record_payment(request).await?.into_inner())
}

on_both_databases! {
    async fn keeps_each_fact_once(kit: Orders) {
        kit.recorded("A-1").await;
        let paid = pay(&kit, "A-1", captured("p1", 7_635)).await.unwrap();
        assert_eq!((paid.revision, paid.payments.len()), (2, 1));
        assert_eq!(pay(&kit, "A-1", captured("p1", 7_635)).await.unwrap(), paid);
        kit.drain().await;

        let told = kit.events::<pb::PaymentRecorded>();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].revision, 2);
        assert_eq!(told[0].message.payment, Some(captured("p1", 7_635)));
        assert_eq!(told[0].message.order, Some(paid));
    }

    async fn refuses_what_does_not_fit(kit: Orders) {
        kit.recorded("A-1").await;
        pay(&kit, "A-1", captured("p1", 7_635)).await.unwrap();
        let other = pay(&kit, "A-1", captured("p1", 1)).await;
        refused(other, Code::FailedPrecondition, "PAYMENT_CONFLICT");
        let nowhere = pay(&kit, "A-2", captured("p1", 1)).await;
        refused(nowhere, Code::NotFound, "ORDER_NOT_FOUND");
        let mut dollars = captured("p2", 1);
        dollars.amount.as_mut().unwrap().currency_code = "USD".to_owned();
        let fields = refused(
            pay(&kit, "A-1", dollars).await,
            Code::InvalidArgument,
            "ORDER_CURRENCY_MISMATCH",
        );
        assert_eq!(fields, ["payment.amount.currency_code"]);
    }

    async fn facts_that_come_at_once_all_stay(kit: Orders) {
        kit.recorded("A-1").await;
        let all = (0..4).map(|n| pay(&kit, "A-1", captured(&format!("p{n}"), 100)));
        for answer in futures_util::future::join_all(all).await {
            answer.unwrap();
        }
        let order = kit.get("A-1").await.unwrap();
        assert_eq!((order.revision, order.payments.len()), (5, 4));
    }
}
