//! What the embedded transport promises beyond the suite.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use postlude_bus::{
    Bus, BusError, ConsumerSpec, Delivery, Envelope, Filter, Handler, Outcome, Publish as _,
    conformance::{Rig as _, eventually},
};
use postlude_kernel::{TenantId, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::rig::{self, Embedded};

struct Counts {
    count: AtomicUsize,
    outcome: Outcome,
}

impl Counts {
    fn new(outcome: Outcome) -> Arc<Self> {
        Arc::new(Self {
            count: AtomicUsize::new(0),
            outcome,
        })
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Handler for Counts {
    async fn handle(&self, _delivery: Delivery) -> Outcome {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.outcome.clone()
    }
}

fn spec() -> ConsumerSpec {
    let filters = vec![Filter::new("orders", "order-recorded")];
    ConsumerSpec {
        backoff: vec![Duration::from_secs(60)],
        ..ConsumerSpec::new("tests", "points", filters)
    }
}

fn event(id: &str) -> Envelope {
    Envelope {
        id: id.to_owned(),
        r#type: "postlude.orders.order-recorded.v1".to_owned(),
        domain: "orders".to_owned(),
        name: "order-recorded".to_owned(),
        tenant: TenantId::parse("a").unwrap(),
        subject: "order".to_owned(),
        revision: 1,
        time: Timestamp::EPOCH,
        traceparent: None,
        payload: Vec::new().into(),
    }
}

async fn caught_up(rig: &Embedded) {
    let waiting = async {
        while !rig.bus.is_caught_up().await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, waiting).await.unwrap();
}

fn start(
    rig: &Embedded,
    handler: &Arc<Counts>,
) -> (
    CancellationToken,
    tokio::task::JoinHandle<Result<(), BusError>>,
) {
    let stop = CancellationToken::new();
    let (bus, handler, token) = (rig.bus(), handler.clone(), stop.clone());
    let task = tokio::spawn(async move { bus.consume(spec(), handler, token).await });
    (stop, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn delivers_an_event_once_while_nothing_crashes() {
    let rig = rig::sqlite("").await;
    let counts = Counts::new(Outcome::Done);
    let (stop, task) = start(&rig, &counts);
    for _ in 0..3 {
        let batch = (0..200).map(|n| event(&format!("e{n}"))).collect();
        rig.bus.publish(batch).await.unwrap();
    }
    eventually("all", || counts.count() >= 200).await.unwrap();
    caught_up(&rig).await;
    stop.cancel();
    task.await.unwrap().unwrap();
    assert_eq!(counts.count(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_nothing_again_before_the_clock_says_so() {
    let rig = rig::sqlite("").await;
    let counts = Counts::new(Outcome::RetryLater {
        after: None,
        reason: "not yet".to_owned(),
    });
    let (stop, task) = start(&rig, &counts);
    rig.bus.publish(vec![event("e1")]).await.unwrap();
    eventually("the first", || counts.count() == 1)
        .await
        .unwrap();
    caught_up(&rig).await;
    // Between half of the wait and the whole: not after 29 seconds, surely after 60.
    rig.advance(Duration::from_secs(29));
    caught_up(&rig).await;
    assert_eq!(counts.count(), 1);
    rig.advance(Duration::from_secs(31));
    assert!(!rig.bus.is_caught_up().await.unwrap() || counts.count() == 2);
    eventually("the second", || counts.count() == 2)
        .await
        .unwrap();
    stop.cancel();
    task.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_second_consumer_of_one_name() {
    let rig = rig::sqlite("").await;
    let counts = Counts::new(Outcome::Done);
    let (stop, task) = start(&rig, &counts);
    rig.bus.publish(vec![event("e1")]).await.unwrap();
    eventually("it runs", || counts.count() == 1).await.unwrap();
    let second = rig
        .bus
        .consume(spec(), counts.clone(), CancellationToken::new())
        .await;
    assert!(matches!(second, Err(BusError::Consuming(_))), "{second:?}");
    stop.cancel();
    task.await.unwrap().unwrap();
    let (stop, task) = start(&rig, &counts);
    stop.cancel();
    task.await.unwrap().unwrap();
}
