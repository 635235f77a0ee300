//! What JetStream promises beyond the suite.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use postlude_bus::{
    Bus, BusError, ConsumerSpec, DeadLetterFilter, Delivery, Envelope, Filter, Handler,
    JetStreamBus, Outcome, Publish as _, conformance::eventually,
};
use postlude_kernel::{SystemClock, SystemIds, TenantId, Timestamp};
use postlude_store::envelope::Redaction;
use tokio_util::sync::CancellationToken;

use crate::rig;

type Does = dyn Fn(&Delivery) -> Option<Outcome> + Send + Sync;

/// Remembers what it was given; without an outcome it never answers.
struct Probe {
    does: Box<Does>,
    seen: Mutex<Vec<Delivery>>,
}

impl Probe {
    fn new(does: impl Fn(&Delivery) -> Option<Outcome> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            does: Box::new(does),
            seen: Mutex::default(),
        })
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn ids(&self) -> HashSet<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|delivery| delivery.envelope.id.clone())
            .collect()
    }
}

#[async_trait::async_trait]
impl Handler for Probe {
    async fn handle(&self, delivery: Delivery) -> Outcome {
        let outcome = (self.does)(&delivery);
        self.seen.lock().unwrap().push(delivery);
        match outcome {
            Some(outcome) => outcome,
            None => std::future::pending().await,
        }
    }
}

fn spec() -> ConsumerSpec {
    ConsumerSpec {
        max_deliveries: 2,
        backoff: vec![Duration::from_millis(100)],
        ..ConsumerSpec::new(
            "tests",
            "points",
            vec![Filter::new("orders", "order-recorded")],
        )
    }
}

fn event(id: &str) -> Envelope {
    Envelope {
        id: id.to_owned(),
        r#type: "postlude.orders.order-recorded.v1".to_owned(),
        domain: "orders".to_owned(),
        name: "order-recorded".to_owned(),
        tenant: TenantId::parse("shop").unwrap(),
        subject: "Bestellung 7/ü".to_owned(),
        revision: 2,
        time: Timestamp::parse("2026-03-01T12:00:00.123456Z").unwrap(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        payload: b"content".as_slice().into(),
    }
}

fn redaction(of: &str) -> Envelope {
    let message = Redaction {
        event_ids: vec![of.to_owned()],
    };
    Envelope {
        id: format!("redaction-{of}"),
        r#type: Redaction::TYPE.to_owned(),
        domain: Redaction::DOMAIN.to_owned(),
        name: Redaction::NAME.to_owned(),
        payload: prost_bytes(&message),
        ..event("")
    }
}

fn prost_bytes(message: &Redaction) -> bytes::Bytes {
    // Field 1, length-delimited, once per id.
    let mut bytes = Vec::new();
    for id in &message.event_ids {
        bytes.extend([0x0a, u8::try_from(id.len()).unwrap()]);
        bytes.extend(id.as_bytes());
    }
    bytes.into()
}

fn start(
    bus: Arc<JetStreamBus>,
    handler: &Arc<Probe>,
) -> (
    CancellationToken,
    tokio::task::JoinHandle<Result<(), BusError>>,
) {
    let stop = CancellationToken::new();
    let (handler, token) = (handler.clone(), stop.clone());
    let task = tokio::spawn(async move { bus.consume(spec(), handler, token).await });
    (stop, task)
}

async fn letters(bus: &JetStreamBus, count: usize) -> Vec<postlude_bus::DeadLetter> {
    let waiting = async {
        loop {
            let letters = bus.dead_letters(DeadLetterFilter::default()).await.unwrap();
            if letters.len() >= count {
                return letters;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .expect("dead letters")
}

fn rejects() -> Arc<Probe> {
    Probe::new(|_| {
        Some(Outcome::Reject {
            reason: "größer als erlaubt".to_owned(),
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_a_cloud_event() {
    let rig = rig::jetstream("an_event_is_a_cloud_event").await;
    rig.bus.publish(vec![event("evt_1")]).await.unwrap();
    let name = format!("{}_EVENTS", rig.config.prefix.to_uppercase());
    let stream = rig.context.get_stream(name).await.unwrap();
    let message = stream.get_raw_message(1).await.unwrap();
    let subject = format!("{}.events.orders.order-recorded.v1.shop", rig.config.prefix);
    assert_eq!(message.subject.as_str(), subject);
    let header = |name| message.headers.get(name).map(|value| value.as_str());
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", "evt_1"),
        ("ce-type", "postlude.orders.order-recorded.v1"),
        ("ce-source", "/postlude/orders"),
        ("ce-subject", "Bestellung%207/%C3%BC"),
        ("ce-time", "2026-03-01T12:00:00.123456Z"),
        ("ce-tenant", "shop"),
        ("ce-revision", "2"),
        ("content-type", "application/protobuf"),
        ("Nats-Msg-Id", "evt_1"),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
    ] {
        assert_eq!(header(name), Some(value), "{name}");
    }
    assert_eq!(message.payload.as_ref(), b"content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_a_duplicate_is_sent_one_by_one() {
    let rig = rig::jetstream("a_batch_with_a_duplicate").await;
    rig.bus.publish(vec![event("a"), event("b")]).await.unwrap();
    rig.bus
        .publish(vec![event("b"), event("c"), event("d")])
        .await
        .unwrap();
    let name = format!("{}_EVENTS", rig.config.prefix.to_uppercase());
    let stream = rig.context.get_stream(name).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_set_up_otherwise_is_corrected() {
    let rig = rig::jetstream("a_stream_set_up_otherwise").await;
    let name = format!("{}_EVENTS", rig.config.prefix.to_uppercase());
    let stream = rig.context.get_stream(&name).await.unwrap();
    let mut config = stream.cached_info().config.clone();
    config.max_age = Duration::from_secs(3_600);
    config.allow_atomic_publish = false;
    config.description = Some("ours".to_owned());
    rig.context.update_stream(&config).await.unwrap();
    drop(rig::connect(&rig.config).await);
    let right = rig.context.get_stream(&name).await.unwrap();
    let right = &right.cached_info().config;
    assert_eq!(right.max_age, Duration::from_secs(7 * 86_400));
    assert!(right.allow_atomic_publish);
    assert_eq!(right.description.as_deref(), Some("ours"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_kills_its_process_each_time_ends_with_the_dead_letters() {
    let rig = rig::jetstream("an_event_that_kills").await;
    rig.bus.publish(vec![event("evt_1")]).await.unwrap();
    for life in 1..=2 {
        let hangs = Probe::new(|_| None);
        let (_stop, task) = start(rig.bus.clone(), &hangs);
        eventually(&format!("delivery {life}"), || hangs.count() == 1)
            .await
            .unwrap();
        task.abort();
        drop(task.await);
    }
    let (stop, task) = start(rig.bus.clone(), &rejects());
    let found = letters(&rig.bus, 1).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].consumer.as_str(), found[0].attempts),
        ("points", 2)
    );
    assert_eq!(found[0].envelope, event("evt_1"));
    assert!(found[0].reason.contains("no delivery was answered"));
    stop.cancel();
    task.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_long_keeps_its_delivery() {
    let rig = rig::jetstream("a_handler_that_takes_long").await;
    struct Slow(AtomicUsize);
    #[async_trait::async_trait]
    impl Handler for Slow {
        async fn handle(&self, _delivery: Delivery) -> Outcome {
            self.0.fetch_add(1, Ordering::SeqCst);
            // Longer than the broker waits for an answer: time itself is what is tested.
            tokio::time::timeout(Duration::from_secs(3), std::future::pending::<()>())
                .await
                .unwrap_err();
            Outcome::Done
        }
    }
    let slow = Arc::new(Slow(AtomicUsize::new(0)));
    rig.bus.publish(vec![event("evt_1")]).await.unwrap();
    let stop = CancellationToken::new();
    let (bus, handler, token) = (rig.bus.clone(), slow.clone(), stop.clone());
    let task = tokio::spawn(async move { bus.consume(spec(), handler, token).await });
    eventually("it is begun", || slow.0.load(Ordering::SeqCst) == 1)
        .await
        .unwrap();
    let done = async {
        while !rig.bus.is_caught_up().await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), done)
        .await
        .unwrap();
    assert_eq!(slow.0.load(Ordering::SeqCst), 1);
    stop.cancel();
    task.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_work() {
    let rig = rig::jetstream("two_replicas_share").await;
    let done = || Probe::new(|_| Some(Outcome::Done));
    let (one, two) = (done(), done());
    let other = Arc::new(rig::connect(&rig.config).await);
    let (stop_one, task_one) = start(rig.bus.clone(), &one);
    let (stop_two, task_two) = start(other, &two);
    for n in 0..10 {
        let batch = (0..50)
            .map(|i| event(&format!("e{}", n * 50 + i)))
            .collect();
        rig.bus.publish(batch).await.unwrap();
    }
    eventually("all", || one.count() + two.count() >= 500)
        .await
        .unwrap();
    stop_one.cancel();
    stop_two.cancel();
    task_one.await.unwrap().unwrap();
    task_two.await.unwrap().unwrap();
    assert_eq!(one.count() + two.count(), 500, "each event once");
    assert_eq!(one.ids().union(&two.ids()).count(), 500);
    assert!(
        one.count() > 0 && two.count() > 0,
        "{} and {}",
        one.count(),
        two.count()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn erasure_empties_letters_that_are_and_that_come() {
    let rig = rig::jetstream("erasure_empties_letters").await;
    let rejects = rejects();
    let (stop, task) = start(rig.bus.clone(), &rejects);
    rig.bus.publish(vec![event("before")]).await.unwrap();
    assert_eq!(
        letters(&rig.bus, 1).await[0].envelope.payload.as_ref(),
        b"content"
    );
    rig.bus
        .publish(vec![redaction("before"), redaction("after")])
        .await
        .unwrap();
    rig.bus.publish(vec![event("after")]).await.unwrap();
    let emptied = async {
        loop {
            let found = letters(&rig.bus, 2).await;
            if found.iter().all(|letter| letter.redacted) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(10), emptied)
        .await
        .unwrap();
    for letter in found {
        assert!(letter.envelope.payload.is_empty(), "{letter:?}");
        assert_eq!(letter.reason, "größer als erlaubt");
        let refused = rig.bus.replay(&letter.id).await;
        assert!(matches!(refused, Err(BusError::Redacted(_))), "{refused:?}");
    }
    stop.cancel();
    task.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_lost_is_made_again_and_known_as_another() {
    let rig = rig::jetstream("a_store_that_was_lost").await;
    let done = Probe::new(|_| Some(Outcome::Done));
    let stop = CancellationToken::new();
    let mut heard = rig
        .bus
        .listen(Filter::new("orders", "order-recorded"), stop.clone())
        .await
        .unwrap();
    rig.bus.publish(vec![event("before")]).await.unwrap();
    assert_eq!(heard.next().await.unwrap().id, "before");
    let incarnation = rig.bus.incarnation().await.unwrap().unwrap();
    assert_eq!(rig.bus.incarnation().await.unwrap().unwrap(), incarnation);
    rig.wipe().await;
    // The first publish finds out; whoever publishes tries again.
    let _ = rig.bus.publish(vec![event("after")]).await;
    rig.bus.publish(vec![event("after")]).await.unwrap();
    assert_ne!(rig.bus.incarnation().await.unwrap().unwrap(), incarnation);
    let (stop_consumer, task) = start(rig.bus.clone(), &done);
    eventually("it is heard", || done.ids().contains("after"))
        .await
        .unwrap();
    stop_consumer.cancel();
    task.await.unwrap().unwrap();
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_waited_for_and_a_wrong_address_is_not() {
    let rig = rig::jetstream("a_broker_that_is_away").await;
    let mut config = rig.config.clone();
    config.url = "nats://127.0.0.1:9".to_owned();
    let bus = rig::connect(&config).await;
    assert!(bus.publish(vec![event("evt_1")]).await.is_err());
    config.url = "nats://not an address".to_owned();
    let refused = JetStreamBus::connect(config, Arc::new(SystemClock), Arc::new(SystemIds)).await;
    assert!(matches!(refused, Err(BusError::Setup(_))), "{refused:?}");
}
