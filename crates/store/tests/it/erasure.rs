//! A customer who wants to be forgotten.

use std::time::Duration;

use postlude_kernel::{Fault as _, TenantId};
use postlude_proto::orders::v1::{Order, OrderRecorded};
use postlude_store::{RequestKey, Scope as _, Store, StoreError, envelope::Redaction, relay};

use crate::{
    bench::{on_both, tenant},
    relay::Sink,
};

async fn tell(store: &Store, owner: &TenantId, customers: &[&str], request_id: &str) {
    let order = Order {
        order_id: request_id.to_owned(),
        ..Default::default()
    };
    let mut tx = store.begin(owner).await.unwrap();
    for customer in customers {
        tx.about(customer);
    }
    let event = OrderRecorded {
        order: Some(order.clone()),
    };
    tx.emit("order", 1, &event).await.unwrap();
    tx.remember(&key(request_id), &order).await.unwrap();
    tx.commit().await.unwrap();
}

fn key(request_id: &str) -> Option<RequestKey> {
    RequestKey::new("RecordOrder", request_id, &Order::default())
}

on_both! {
    async fn buries_what_was_said_about_a_customer(bench) {
        let (store, owner) = (&bench.store, tenant("a"));
        tell(store, &owner, &["cus-1"], "one").await;
        tell(store, &owner, &["cus-2", "cus-1"], "two").await;
        tell(store, &owner, &["cus-2"], "three").await;
        tell(store, &tenant("b"), &["cus-1"], "one").await;
        let sink = Sink::default();
        relay::drain_once(store, &sink).await.unwrap();
        // Told, and not yet out when the customer is buried.
        tell(store, &owner, &["cus-1"], "late").await;

        let mut tx = store.begin(&owner).await.unwrap();
        assert!(!tx.is_erased("cus-1").await.unwrap());
        let redacted = tx.bury("cus-1").await.unwrap();
        assert_eq!((redacted.events, redacted.replies), (3, 3));
        tx.commit().await.unwrap();

        for (id, gone) in [("one", true), ("two", true), ("late", true), ("three", false)] {
            let answer = store.recall::<Order>(&owner, &key(id)).await;
            match answer {
                Ok(reply) => assert!(!gone && reply.is_some(), "{id}"),
                Err(error) => {
                    assert!(gone, "{id}");
                    assert_eq!(error.reason(), "CUSTOMER_ERASED");
                }
            }
        }
        assert!(store.recall::<Order>(&tenant("b"), &key("one")).await.unwrap().is_some());

        // What waited goes out with its content, then the bus is told what to forget.
        let rest = Sink::default();
        relay::drain_once(store, &rest).await.unwrap();
        let rest = rest.taken();
        assert_eq!(rest.len(), 2);
        assert!(!rest[0].payload.is_empty());
        let mut forget = Redaction::of(&rest[1]).unwrap().event_ids;
        forget.sort();
        let mut expected = vec![sink.ids()[0].clone(), sink.ids()[1].clone(), rest[0].id.clone()];
        expected.sort();
        assert_eq!(forget, expected);

        // A replay sends neither of them, and brings the customer back nowhere.
        relay::replay_all(store).await.unwrap();
        let replayed = Sink::default();
        relay::drain_once(store, &replayed).await.unwrap();
        assert_eq!(replayed.taken().iter().filter(|event| event.name == "order-recorded").count(), 2);
        let snapshot = store.read(&owner).await.unwrap();
        assert!(snapshot.is_erased("cus-1").await.unwrap());
        assert!(!snapshot.is_erased("cus-2").await.unwrap());
        let other = store.read(&tenant("b")).await.unwrap();
        assert!(!other.is_erased("cus-1").await.unwrap());
    }
}

on_both! {
    async fn buries_twice_without_harm(bench) {
        let (store, owner) = (&bench.store, tenant("a"));
        tell(store, &owner, &["cus-1"], "one").await;
        for expected in [1, 0] {
            let mut tx = store.begin(&owner).await.unwrap();
            assert_eq!(tx.bury("cus-1").await.unwrap().events, expected);
            tx.commit().await.unwrap();
        }
        // The mark in the database says nothing: another database has another salt.
        let restarted = bench.again().await;
        assert!(restarted.read(&owner).await.unwrap().is_erased("cus-1").await.unwrap());
    }
}

on_both! {
    async fn buries_one_of_many_customers_of_a_transaction(bench) {
        let (store, owner) = (&bench.store, tenant("a"));
        let mut tx = store.begin(&owner).await.unwrap();
        for customer in ["cus-1", "cus-2"] {
            tx.emit_about(customer, "order", 1, &OrderRecorded::default()).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = store.begin(&owner).await.unwrap();
        assert_eq!(tx.bury("cus-2").await.unwrap().events, 1);
        let erased = tx.erased_among(["cus-1", "cus-2", "cus-3"]).await.unwrap();
        assert_eq!(erased.into_iter().collect::<Vec<_>>(), ["cus-2"]);
        let print = tx.fingerprint("cus-2").await.unwrap();
        assert_ne!(print, tx.fingerprint("cus-1").await.unwrap());
        tx.commit().await.unwrap();
        let other = store.begin(&tenant("b")).await.unwrap();
        assert_ne!(print, other.fingerprint("cus-2").await.unwrap());
    }
}

on_both! {
    /// The check and the write of an order may lie on both sides of an erasure.
    async fn an_erasure_outwaits_who_asked_for_the_tombstone_before_it(bench) {
        let (store, owner) = (&bench.store, tenant("a"));
        if !bench.is_postgres() {
            // One writer: whoever asks inside of a transaction has the file to itself.
            store.outwait_writers(Duration::ZERO).await.unwrap();
            return;
        }
        let mut writer = store.begin(&owner).await.unwrap();
        assert!(!writer.is_erased("cus-1").await.unwrap());

        let mut tx = store.begin(&owner).await.unwrap();
        tx.bury("cus-1").await.unwrap();
        tx.commit().await.unwrap();
        let early = store.outwait_writers(Duration::ZERO).await;
        assert!(matches!(early, Err(StoreError::Conflict(_))), "{early:?}");

        writer.about("cus-1");
        let order = Order { order_id: "in-flight".to_owned(), ..Default::default() };
        writer.emit("order", 1, &OrderRecorded { order: Some(order.clone()) }).await.unwrap();
        writer.remember(&key("in-flight"), &order).await.unwrap();
        writer.commit().await.unwrap();
        store.outwait_writers(Duration::from_secs(10)).await.unwrap();

        let mut again = store.begin(&owner).await.unwrap();
        let redacted = again.bury("cus-1").await.unwrap();
        assert_eq!((redacted.events, redacted.replies), (1, 1));
        again.commit().await.unwrap();
    }
}
