//! Bringing a database up to date.

use std::sync::Arc;

use postlude_kernel::SystemIds;
use postlude_store::{Store, StoreConfig, StoreError, relay};
use tokio::task::JoinSet;

use crate::bench::{Bench, Migrator, find, on_both, put, tenant};

on_both! {
    async fn migrates_twice_and_at_the_same_time(bench) {
        put(&bench.store, &tenant("a"), "sku", 1).await;
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let store = bench.again().await;
            racers.spawn(async move { store.migrate::<Migrator>().await });
        }
        for answer in racers.join_all().await {
            answer.unwrap();
        }
        let snapshot = bench.store.read(&tenant("a")).await.unwrap();
        assert_eq!(find(&snapshot, "sku").await.unwrap().units, 1);
    }
}

on_both! {
    async fn an_empty_database_takes_four_processes_at_once(bench) {
        let mut config = bench.config.clone();
        if bench.is_postgres() {
            bench.drop_schema().await;
        } else {
            config.url = config.url.replace("store.db", "fresh.db");
        }
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let (config, clock) = (config.clone(), bench.clock.clone());
            racers.spawn(async move {
                let store = Store::open(&config, "bench", clock, Arc::new(SystemIds)).await?;
                store.migrate::<Migrator>().await?;
                Ok::<Store, StoreError>(store)
            });
        }
        let mut stores = Vec::new();
        for answer in racers.join_all().await {
            stores.push(answer.unwrap());
        }
        put(&stores[0], &tenant("a"), "sku", 1).await;
        let snapshot = stores[3].read(&tenant("a")).await.unwrap();
        assert!(find(&snapshot, "sku").await.is_some());
    }
}

#[tokio::test]
async fn refuses_what_is_no_database() {
    for (url, schema) in [("mysql://x", "x"), ("postgres://x", "x; DROP")] {
        let config = StoreConfig {
            url: url.to_owned(),
            schema: schema.to_owned(),
            max_connections: 1,
        };
        let clock = std::sync::Arc::new(postlude_kernel::SystemClock);
        let ids = std::sync::Arc::new(postlude_kernel::SystemIds);
        assert!(Store::open(&config, "bench", clock, ids).await.is_err());
    }
}

/// Where tests find PostgreSQL as a role that owns nothing.
const APP_URL: &str = "POSTLUDE_TEST_POSTGRES_APP_URL";

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_owns_nothing_works_within_its_tenant() {
    let url = std::env::var(APP_URL)
        .unwrap_or_else(|_| panic!("run cargo xtask test, or set {APP_URL} to a second role"));
    let bench = Bench::postgres("a_role_that_owns_nothing").await;
    let config = StoreConfig {
        url,
        ..bench.config.clone()
    };
    let app = Store::open(&config, "bench", bench.clock.clone(), Arc::new(SystemIds))
        .await
        .unwrap();
    assert!(app.read(&tenant("a")).await.is_ok());
    let refused = app.migrate::<Migrator>().await;
    assert!(refused.is_err(), "before the owner has let it in");

    bench.store.grant("postlude_app").await.unwrap();
    app.migrate::<Migrator>().await.unwrap();
    put(&app, &tenant("a"), "sku", 1).await;
    let mine = app.read(&tenant("a")).await.unwrap();
    assert_eq!(find(&mine, "sku").await.unwrap().units, 1);
    let others = app.read(&tenant("b")).await.unwrap();
    assert!(find(&others, "sku").await.is_none());
    drop((mine, others));
    // The service's own work: outbox and relay.
    crate::relay::emit(&app, &tenant("a"), "order", 1).await;
    let sink = crate::relay::Sink::default();
    assert_eq!(relay::drain_once(&app, &sink).await.unwrap(), 1);
    bench.drop_schema().await;
}
