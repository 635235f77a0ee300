//! The same request_id: one effect, the same answer.

use std::time::Duration;

use postlude_kernel::Fault as _;
use postlude_proto::orders::v1::{Order, OrderRecorded};
use postlude_store::{RequestKey, Scope as _, Store, relay};
use tokio::task::JoinSet;

use crate::bench::{Error, find, on_both, put, save, stock, tenant};

on_both! {
    async fn does_a_request_once_when_it_comes_a_hundred_times(bench) {
        put(&bench.store, &tenant("a"), "sku", 1_000).await;
        let mut racers = JoinSet::new();
        for _ in 0..100 {
            let store = bench.store.clone();
            racers.spawn(async move { request(&store, "same", "order-1").await });
        }
        for answer in racers.join_all().await {
            // Each would have left another number of units.
            assert_eq!(answer.unwrap().revision, 999);
        }
        let left = find(&bench.store.read(&tenant("a")).await.unwrap(), "sku").await.unwrap();
        assert_eq!(left.units, 999);
        assert_eq!(relay::pending(&bench.store).await.unwrap(), 1, "one event");
    }
}

on_both! {
    async fn refuses_another_request_under_a_used_id(bench) {
        put(&bench.store, &tenant("a"), "sku", 10).await;
        request(&bench.store, "id", "order-1").await.unwrap();
        let error = request(&bench.store, "id", "order-2").await.unwrap_err();
        assert_eq!(error.reason(), "REQUEST_ID_REUSED");
        let Error::Store(error) = error else { panic!("{error}") };
        assert_eq!(error.violations()[0].field, "request_id");
        // The id is the tenant's own, and without one nothing is remembered.
        put(&bench.store, &tenant("b"), "sku", 10).await;
        let other: Option<Order> = bench.store
            .recall(&tenant("b"), &key("id", "order-1"))
            .await
            .unwrap();
        assert_eq!(other, None);
        assert_eq!(key("", "order-1"), None);
    }
}

on_both! {
    async fn forgets_after_seven_days(bench) {
        put(&bench.store, &tenant("a"), "sku", 10).await;
        assert_eq!(request(&bench.store, "id", "order-1").await.unwrap().revision, 9);
        bench.clock.advance(Duration::from_secs(6 * 86_400));
        bench.store.housekeep().await.unwrap();
        assert_eq!(request(&bench.store, "id", "order-1").await.unwrap().revision, 9);
        bench.clock.advance(Duration::from_secs(2 * 86_400));
        bench.store.housekeep().await.unwrap();
        assert_eq!(request(&bench.store, "id", "order-1").await.unwrap().revision, 8);
    }
}

fn key(request_id: &str, order: &str) -> Option<RequestKey> {
    let request = Order {
        order_id: order.to_owned(),
        ..Default::default()
    };
    RequestKey::new("TakeOne", request_id, &request)
}

/// Takes a unit, tells an event, and answers with what is left.
async fn request(store: &Store, request_id: &str, order: &str) -> Result<Order, Error> {
    let owner = tenant("a");
    let key = key(request_id, order);
    store
        .attempt(async || {
            if let Some(reply) = store.recall(&owner, &key).await? {
                return Ok(reply);
            }
            let snapshot = store.read(&owner).await?;
            let read = snapshot.find::<stock::Entity>().one().await?.unwrap();
            drop(snapshot);
            let reply = Order {
                order_id: order.to_owned(),
                revision: read.units - 1,
                ..Default::default()
            };
            let mut tx = store.begin(&owner).await?;
            save(&mut tx, &read, read.units - 1).await?;
            let event = OrderRecorded {
                order: Some(reply.clone()),
            };
            tx.emit(order, reply.revision, &event).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
