//! Committed events reach the bus, whatever crashes in between.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use postlude_kernel::TenantId;
use postlude_proto::orders::v1::{Order, OrderRecorded};
use postlude_store::{Envelope, Publish, PublishError, Store, relay, trace};
use tokio_util::sync::CancellationToken;

use crate::bench::{eventually, find, on_both, row, tenant};

/// Takes events and remembers them; fails or hangs where it is told to.
#[derive(Default)]
pub(crate) struct Sink {
    taken: Mutex<Vec<Envelope>>,
    refuse: AtomicBool,
    fail_after_taking: AtomicBool,
    hang_after_taking: AtomicBool,
    calls: AtomicUsize,
    broker: Mutex<Option<String>>,
}

impl Sink {
    pub(crate) fn ids(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken.iter().map(|envelope| envelope.id.clone()).collect()
    }

    pub(crate) fn taken(&self) -> Vec<Envelope> {
        self.taken.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Publish for Sink {
    async fn publish(&self, batch: Vec<Envelope>) -> Result<(), PublishError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.refuse.load(Ordering::SeqCst) {
            return Err(PublishError::new("the broker is down"));
        }
        self.taken.lock().unwrap().extend(batch);
        if self.fail_after_taking.load(Ordering::SeqCst) {
            return Err(PublishError::new("the acknowledgement was lost"));
        }
        if self.hang_after_taking.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn incarnation(&self) -> Result<Option<String>, PublishError> {
        Ok(self.broker.lock().unwrap().clone())
    }
}

pub(crate) async fn emit(store: &Store, owner: &TenantId, order: &str, revision: i64) {
    let mut tx = store.begin(owner).await.unwrap();
    let event = OrderRecorded {
        order: Some(Order {
            order_id: order.to_owned(),
            revision,
            ..Default::default()
        }),
    };
    tx.emit(order, revision, &event).await.unwrap();
    tx.commit().await.unwrap();
}

on_both! {
    async fn publishes_in_order_and_once(bench) {
        let sink = Sink::default();
        for revision in 1..=250 {
            emit(&bench.store, &tenant("a"), "order", revision).await;
        }
        assert_eq!(relay::pending(&bench.store).await.unwrap(), 250);
        assert_eq!(relay::drain_once(&bench.store, &sink).await.unwrap(), 250);
        assert_eq!(relay::drain_once(&bench.store, &sink).await.unwrap(), 0);
        let revisions: Vec<i64> = sink.taken().iter().map(|envelope| envelope.revision).collect();
        assert_eq!(revisions, (1..=250).collect::<Vec<_>>());
        let first = &sink.taken()[0];
        assert_eq!((first.domain.as_str(), first.name.as_str()), ("orders", "order-recorded"));
        assert_eq!(first.r#type, "postlude.orders.order-recorded.v1");
        assert_eq!((first.subject.as_str(), first.tenant.as_str()), ("order", "a"));
        let message: OrderRecorded = prost::Message::decode(first.payload.clone()).unwrap();
        assert_eq!(message.order.unwrap().revision, 1);
    }
}

on_both! {
    async fn tells_nothing_of_what_was_rolled_back(bench) {
        let sink = Sink::default();
        let mut tx = bench.store.begin(&tenant("a")).await.unwrap();
        tx.insert(row("sku", 1)).await.unwrap();
        tx.emit("order", 1, &OrderRecorded::default()).await.unwrap();
        drop(tx);
        // A statement fails, its error is dropped, and the commit must not pretend.
        let mut tx = bench.store.begin(&tenant("a")).await.unwrap();
        tx.emit("order", 1, &OrderRecorded::default()).await.unwrap();
        tx.insert(row("sku", 1)).await.unwrap();
        assert!(tx.insert(row("sku", 1)).await.is_err());
        assert!(tx.commit().await.is_err());
        assert_eq!(relay::drain_once(&bench.store, &sink).await.unwrap(), 0);
        assert!(find(&bench.store.read(&tenant("a")).await.unwrap(), "sku").await.is_none());
    }
}

on_both! {
    async fn survives_a_crash_before_the_bus_has_it(bench) {
        let sink = Sink::default();
        emit(&bench.store, &tenant("a"), "order", 1).await;
        sink.refuse.store(true, Ordering::SeqCst);
        assert!(relay::drain_once(&bench.store, &sink).await.is_err());
        sink.refuse.store(false, Ordering::SeqCst);
        let restarted = bench.again().await;
        assert_eq!(relay::drain_once(&restarted, &sink).await.unwrap(), 1);
        assert_eq!(sink.ids().len(), 1);
    }
}

on_both! {
    async fn survives_a_crash_between_publish_and_mark(bench) {
        let sink = Sink::default();
        emit(&bench.store, &tenant("a"), "order", 1).await;
        sink.fail_after_taking.store(true, Ordering::SeqCst);
        assert!(relay::drain_once(&bench.store, &sink).await.is_err());
        sink.fail_after_taking.store(false, Ordering::SeqCst);
        let restarted = bench.again().await;
        assert_eq!(relay::drain_once(&restarted, &sink).await.unwrap(), 1);
        let ids = sink.ids();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0], ids[1], "the duplicate has the same id");
    }
}

on_both! {
    async fn survives_being_dropped_in_the_middle(bench) {
        let sink = Arc::new(Sink::default());
        emit(&bench.store, &tenant("a"), "order", 1).await;
        sink.hang_after_taking.store(true, Ordering::SeqCst);
        let (store, hanging) = (bench.store.clone(), sink.clone());
        let task = tokio::spawn(async move { relay::drain_once(&store, hanging.as_ref()).await });
        eventually("the bus has it", async || sink.ids().len() == 1).await;
        task.abort();
        assert!(task.await.is_err());
        sink.hang_after_taking.store(false, Ordering::SeqCst);
        // PostgreSQL lets the lock go when it has seen the connection end or be rolled back.
        eventually("it is published again", async || {
            relay::drain_once(&bench.store, sink.as_ref()).await.unwrap() == 1
        })
        .await;
        let ids = sink.ids();
        assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
        assert_eq!(relay::pending(&bench.store).await.unwrap(), 0);
    }
}

on_both! {
    async fn is_woken_by_a_commit_and_stops_when_told(bench) {
        let sink = Arc::new(Sink::default());
        let stop = CancellationToken::new();
        let relay = tokio::spawn(relay::run(bench.store.clone(), sink.clone(), stop.clone()));
        for revision in 1..=3 {
            emit(&bench.store, &tenant("a"), "order", revision).await;
            eventually("published", async || {
                sink.ids().len() == usize::try_from(revision).unwrap()
            })
            .await;
        }
        // What another process commits is found by polling.
        emit(&bench.again().await, &tenant("a"), "order", 4).await;
        eventually("polled", async || sink.ids().len() == 4).await;
        stop.cancel();
        relay.await.unwrap();
    }
}

on_both! {
    async fn two_relays_send_each_event_once(bench) {
        let sink = Arc::new(Sink::default());
        let other = bench.again().await;
        let stop = CancellationToken::new();
        let mut relays = tokio::task::JoinSet::new();
        // Two processes share a database on PostgreSQL only.
        let stores = if bench.is_postgres() {
            vec![bench.store.clone(), other]
        } else {
            vec![bench.store.clone(), bench.store.clone()]
        };
        for store in stores {
            relays.spawn(relay::run(store, sink.clone(), stop.clone()));
        }
        for revision in 1..=40 {
            emit(&bench.store, &tenant("a"), "order", revision).await;
        }
        eventually("all are out", async || relay::pending(&bench.store).await.unwrap() == 0).await;
        stop.cancel();
        relays.join_all().await;
        assert_eq!(sink.ids().len(), 40);
    }
}

on_both! {
    async fn fills_an_empty_broker_again(bench) {
        let sink = Sink::default();
        emit(&bench.store, &tenant("a"), "order", 1).await;
        emit(&bench.store, &tenant("b"), "order", 1).await;
        relay::drain_once(&bench.store, &sink).await.unwrap();
        assert_eq!(relay::replay_all(&bench.store).await.unwrap(), 2);
        let empty = Sink::default();
        assert_eq!(relay::drain_once(&bench.store, &empty).await.unwrap(), 2);
        assert_eq!(empty.ids(), sink.ids());
        // After seven days they are gone.
        bench.advance(8 * 86_400);
        assert_eq!(bench.store.housekeep().await.unwrap(), 2);
        assert_eq!(relay::replay_all(&bench.store).await.unwrap(), 0);
    }
}

on_both! {
    async fn sends_all_again_to_a_broker_that_is_another_one(bench) {
        let sink = Sink::default();
        *sink.broker.lock().unwrap() = Some("first".to_owned());
        emit(&bench.store, &tenant("a"), "order", 1).await;
        emit(&bench.store, &tenant("b"), "order", 1).await;
        relay::drain_once(&bench.store, &sink).await.unwrap();
        relay::drain_once(&bench.store, &sink).await.unwrap();
        assert_eq!(sink.ids().len(), 2, "the same broker gets each once");
        // A restart in between changes nothing.
        let restarted = bench.again().await;
        relay::drain_once(&restarted, &sink).await.unwrap();
        assert_eq!(sink.ids().len(), 2);
        let empty = Sink::default();
        *empty.broker.lock().unwrap() = Some("second".to_owned());
        assert_eq!(relay::drain_once(&restarted, &empty).await.unwrap(), 2);
        assert_eq!(empty.ids(), sink.ids());
        assert_eq!(relay::drain_once(&restarted, &empty).await.unwrap(), 0);
    }
}

on_both! {
    async fn carries_the_trace_on(bench) {
        let sink = Sink::default();
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        trace::scope(Some(parent.to_owned()), emit(&bench.store, &tenant("a"), "order", 1)).await;
        relay::drain_once(&bench.store, &sink).await.unwrap();
        assert_eq!(sink.taken()[0].traceparent.as_deref(), Some(parent));
    }
}
