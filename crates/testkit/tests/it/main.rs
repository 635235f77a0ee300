//! The kit, shown on a service that does next to nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use postlude_chassis::{Context, Received, Service};
use postlude_proto::{orders::v1::OrderRecorded, returns::v1::ReturnCreated};
use postlude_store::{
    DueTimer, Store, StoreError,
    sea_orm_migration::{MigrationTrait, MigratorTrait},
};
use postlude_testkit::{Database, Kit, Start, days, on_both_databases, shuffle_and_repeat};
use tonic::Code;

/// No tables but the store's own.
struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }
}

/// Tells a return for each order, and a second one a day later.
struct Fixture {
    kit: Kit,
    handled: Arc<AtomicUsize>,
}

impl Start for Fixture {
    async fn start(database: Database) -> Self {
        let handled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&handled);
        let make = move |context: Context| {
            let count = Arc::clone(&count);
            async move {
                context.store.migrate::<Migrator>().await?;
                let (store, later) = (context.store.clone(), context.store.clone());
                Ok::<_, StoreError>(
                    Service::new(&context)
                        .consumer("orders", move |event| {
                            count.fetch_add(1, Ordering::SeqCst);
                            answer(store.clone(), event)
                        })
                        .timer("second", move |timer| tell(later.clone(), timer)),
                )
            }
        };
        Self {
            kit: Kit::start("returns", database, make).await,
            handled,
        }
    }
}

async fn answer(store: Store, event: Received<OrderRecorded>) -> Result<(), StoreError> {
    let mut tx = store.begin(&event.tenant).await?;
    if !tx.first_sight("orders", &event.id).await? {
        return Ok(());
    }
    tx.emit(&event.subject, 1, &ReturnCreated::default())
        .await?;
    let due = store.now().plus_days(1);
    tx.schedule("second", &event.subject, due, &[]).await?;
    tx.commit().await
}

async fn tell(store: Store, timer: DueTimer) -> Result<(), StoreError> {
    let mut tx = store.begin(&timer.tenant).await?;
    tx.emit(&timer.key, 2, &ReturnCreated::default()).await?;
    tx.finish_timer(&timer).await?;
    tx.commit().await
}

on_both_databases! {
    async fn time_passes_only_when_it_is_told(fixture: Fixture) {
        let kit = fixture.kit;
        kit.publish("shop", "order-1", 1, &OrderRecorded::default()).await;
        kit.drain().await;
        assert_eq!(kit.events::<ReturnCreated>().len(), 1);
        kit.advance(days(1));
        kit.drain().await;
        let told = kit.events::<ReturnCreated>();
        assert_eq!(told.iter().map(|event| event.revision).collect::<Vec<_>>(), [1, 2]);
        assert!(told.iter().all(|event| event.subject == "order-1"));
    }

    async fn a_repeated_event_is_one_event(fixture: Fixture) {
        let kit = fixture.kit;
        let orders: Vec<_> = (0..10)
            .map(|number| kit.envelope("shop", &format!("order-{number}"), 1, &OrderRecorded::default()))
            .collect();
        kit.send(shuffle_and_repeat(orders, 7)).await;
        kit.drain().await;
        assert_eq!(kit.told().len(), 10);
        assert!(fixture.handled.load(Ordering::SeqCst) >= 10);
    }

    async fn a_restart_forgets_nothing(fixture: Fixture) {
        let mut kit = fixture.kit;
        kit.publish("shop", "order-1", 1, &OrderRecorded::default()).await;
        kit.drain().await;
        kit.restart().await;
        kit.advance_days(2);
        kit.drain().await;
        assert_eq!(kit.told().len(), 2);
        assert!(kit.dead_letters().await.is_empty());
    }

    async fn nobody_comes_in_without_an_identity(fixture: Fixture) {
        use postlude_proto::returns::v1::{
            GetReturnRequest, return_service_client::ReturnServiceClient,
        };
        let request = GetReturnRequest { return_id: "ret_1".to_owned() };
        let nobody = ReturnServiceClient::new(fixture.kit.routes())
            .get_return(request.clone())
            .await;
        assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
        let channel = fixture.kit.channel("shop", &["orders.read"]);
        let other = ReturnServiceClient::new(channel).get_return(request.clone()).await;
        assert_eq!(other.unwrap_err().code(), Code::PermissionDenied);
        // With the scope it reaches the service, which serves nothing.
        let channel = fixture.kit.channel("shop", &["returns.read"]);
        let reached = ReturnServiceClient::new(channel).get_return(request).await;
        assert_eq!(reached.unwrap_err().code(), Code::Unimplemented);
    }
}
