//! The database goes away in the middle.

use postlude_kernel::Fault as _;
use postlude_store::{
    relay,
    sea_orm::{ConnectionTrait as _, Statement},
};

use crate::{
    bench::{Bench, eventually, find, put, row, tenant},
    relay::{Sink, emit},
};

/// Ends every connection that the bench's stores have.
async fn cut(bench: &Bench) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    let raw = bench.raw().await;
    let name = format!("postlude {}", bench.config.schema);
    let statement = Statement::from_sql_and_values(raw.get_database_backend(), sql, [name.into()]);
    assert!(!raw.query_all_raw(statement).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_leaves_no_half_effect_and_heals() {
    let bench = Bench::postgres("cut").await;
    let owner = tenant("a");
    put(&bench.store, &owner, "before", 1).await;

    let mut tx = bench.store.begin(&owner).await.unwrap();
    tx.insert(row("half", 1)).await.unwrap();
    cut(&bench).await;
    let error = tx.commit().await.unwrap_err();
    assert_eq!(error.reason(), "STORE_UNAVAILABLE", "{error:?}");
    assert!(error.retry_after().is_some());

    let snapshot = bench.store.read(&owner).await.unwrap();
    assert!(find(&snapshot, "half").await.is_none());
    assert!(find(&snapshot, "before").await.is_some());
    drop(snapshot);
    put(&bench.store, &owner, "after", 1).await;

    emit(&bench.store, &owner, "order", 1).await;
    cut(&bench).await;
    let sink = Sink::default();
    assert_eq!(relay::drain_once(&bench.store, &sink).await.unwrap(), 1);
    bench.drop_schema().await;
}

#[tokio::test]
async fn a_caller_who_goes_away_while_it_begins_leaves_no_open_transaction() {
    let bench = Bench::postgres("gone").await;
    let owner = tenant("a");
    put(&bench.store, &owner, "sku", 1).await;
    // A caller may go at any step.
    for steps in 0..20 {
        for _ in 0..4 {
            let mut reading = Box::pin(bench.store.read(&owner));
            for _ in 0..steps {
                if futures_util::poll!(reading.as_mut()).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    }
    let sql = "SELECT 1 FROM pg_stat_activity \
               WHERE application_name = $1 AND state LIKE 'idle in transaction%'";
    let name = format!("postlude {}", bench.config.schema);
    let raw = bench.raw().await;
    eventually("connections are clean", async || {
        let values = [name.as_str().into()];
        let statement = Statement::from_sql_and_values(raw.get_database_backend(), sql, values);
        raw.query_all_raw(statement).await.unwrap().is_empty()
    })
    .await;
    let snapshot = bench.store.read(&owner).await.unwrap();
    assert_eq!(find(&snapshot, "sku").await.unwrap().units, 1);
    drop(snapshot);
    bench.drop_schema().await;
}

#[tokio::test]
async fn what_is_acknowledged_after_sqlite_ended_a_transaction_by_itself_is_kept() {
    let bench = Bench::sqlite().await;
    let owner = tenant("a");
    // As a full disk does: the statement fails, and the transaction is gone with it.
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON stock WHEN NEW.sku = 'full' \
                   BEGIN SELECT RAISE(ROLLBACK, 'full'); END";
    let raw = bench.raw().await;
    raw.execute_unprepared(trigger).await.unwrap();

    let mut tx = bench.store.begin(&owner).await.unwrap();
    tx.insert(row("before", 1)).await.unwrap();
    assert!(tx.insert(row("full", 1)).await.is_err());
    assert!(tx.insert(row("alone", 1)).await.is_err());
    drop(tx);
    let mut tx = bench.store.begin(&owner).await.unwrap();
    tx.insert(row("dropped", 1)).await.unwrap();
    drop(tx);
    put(&bench.store, &owner, "after", 1).await;

    let other = bench.again().await;
    for (store, who) in [(&bench.store, "its reader"), (&other, "another process")] {
        let snapshot = store.read(&owner).await.unwrap();
        for (sku, there) in [
            ("before", false),
            ("alone", false),
            ("dropped", false),
            ("after", true),
        ] {
            let found = find(&snapshot, sku).await.is_some();
            assert_eq!(found, there, "{who}: {sku}");
        }
    }
}
