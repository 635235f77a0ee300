//! Consumers, timers, health and drain of a running service.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use postlude_chassis::{Received, Service};
use postlude_kernel::{Fault, FaultKind};
use postlude_proto::orders::v1::{Order, OrderRecorded, order_service_server::OrderServiceServer};
use postlude_testkit::{Database, Kit};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::played::Orders;

#[derive(Debug, thiserror::Error)]
#[error("not now, or never")]
struct Refusal(FaultKind);

impl Fault for Refusal {
    fn kind(&self) -> FaultKind {
        self.0
    }
    fn reason(&self) -> &'static str {
        "REFUSED"
    }
}

fn recorded(order_id: &str) -> OrderRecorded {
    OrderRecorded {
        order: Some(Order {
            order_id: order_id.to_owned(),
            ..Order::default()
        }),
    }
}

#[tokio::test]
async fn retries_what_may_work_later_and_buries_what_never_will() {
    let tries = Arc::new(AtomicU32::new(0));
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let kit = {
        let (tries, heard) = (Arc::clone(&tries), Arc::clone(&heard));
        Kit::start("returns", Database::Sqlite, move |context| {
            let (tries, heard) = (Arc::clone(&tries), Arc::clone(&heard));
            let service =
                Service::new(&context).consumer("orders", move |event: Received<OrderRecorded>| {
                    let (tries, heard) = (Arc::clone(&tries), Arc::clone(&heard));
                    async move {
                        let id = event.message.order.unwrap().order_id;
                        if id == "later" && tries.fetch_add(1, Ordering::SeqCst) < 2 {
                            return Err(Refusal(FaultKind::Unavailable));
                        }
                        if id == "never" {
                            return Err(Refusal(FaultKind::FailedPrecondition));
                        }
                        heard
                            .lock()
                            .unwrap()
                            .push(format!("{id} of {}", event.tenant));
                        Ok(())
                    }
                });
            async move { Ok::<_, Infallible>(service) }
        })
        .await
    };
    for id in ["good", "later", "never"] {
        kit.publish("demo", id, 1, &recorded(id)).await;
    }
    kit.until("both are heard", async || {
        kit.advance(Duration::from_secs(10));
        let heard = heard.lock().unwrap().clone();
        (heard.len() == 2).then_some(())
    })
    .await;
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    let dead = kit
        .until("the dead letter", async || kit.dead_letters().await.pop())
        .await;
    assert_eq!(dead.envelope.subject, "never");
    assert_eq!(dead.attempts, 1);
    assert!(dead.reason.starts_with("REFUSED"), "{}", dead.reason);
}

#[tokio::test]
async fn is_healthy_until_it_drains() {
    let kit = Kit::start("orders", Database::Sqlite, |context| async move {
        Ok::<_, Infallible>(Service::new(&context).rpc(OrderServiceServer::new(Orders)))
    })
    .await;
    let mut health = HealthClient::new(kit.routes());
    for (name, expected) in [
        ("", Some(ServingStatus::Serving)),
        (
            "postlude.orders.v1.OrderService",
            Some(ServingStatus::Serving),
        ),
        ("postlude.returns.v1.ReturnService", None),
    ] {
        let request = HealthCheckRequest {
            service: name.to_owned(),
        };
        let answer = health.check(request).await;
        assert_eq!(
            answer.ok().map(|answer| answer.into_inner().status()),
            expected,
            "{name}"
        );
    }
}
