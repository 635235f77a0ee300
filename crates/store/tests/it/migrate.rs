//! Bringing a database up to date.

use std::sync::Arc;

use postlude_kernel::SystemIds;
use postlude_store::{Store, StoreConfig, StoreError};
use tokio::task::JoinSet;

use crate::bench::{Migrator, find, on_both, put, tenant};

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
