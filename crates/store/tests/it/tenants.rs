//! What is one tenant's is nobody else's.

use postlude_store::{
    Scope as _, StoreError,
    sea_orm::{
        ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseConnection, DbBackend, Statement,
    },
};

use crate::bench::{find, on_both, put, row, save, stock, tenant};

on_both! {
    async fn shows_and_changes_only_the_tenants_rows(bench) {
        let (a, b) = (tenant("a"), tenant("b"));
        put(&bench.store, &a, "sku", 1).await;
        put(&bench.store, &b, "sku", 2).await;
        put(&bench.store, &b, "other", 2).await;

        let snapshot = bench.store.read(&a).await.unwrap();
        assert_eq!(find(&snapshot, "sku").await.unwrap().units, 1);
        assert!(find(&snapshot, "other").await.is_none());
        // Also where the condition asks for more.
        let everything = Condition::any()
            .add(stock::Column::Tenant.eq("b"))
            .add(stock::Column::Units.gte(0));
        let rows = snapshot.find::<stock::Entity>().filter(everything.clone());
        assert_eq!(rows.all().await.unwrap().len(), 1);
        drop(snapshot);

        let mut tx = bench.store.begin(&a).await.unwrap();
        let foreign = stock::Model { tenant: "b".into(), sku: "other".into(), units: 2, version: 1 };
        assert!(matches!(save(&mut tx, &foreign, 9).await, Err(StoreError::Conflict(_))));
        drop(tx);
        let mut tx = bench.store.begin(&a).await.unwrap();
        assert_eq!(tx.delete::<stock::Entity>(everything).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let snapshot = bench.store.read(&b).await.unwrap();
        assert_eq!(snapshot.find::<stock::Entity>().count().await.unwrap(), 2);
    }
}

on_both! {
    async fn sets_the_tenant_itself(bench) {
        let mut forged = row("sku", 1);
        forged.tenant = postlude_store::sea_orm::ActiveValue::Set("b".to_owned());
        let mut tx = bench.store.begin(&tenant("a")).await.unwrap();
        tx.insert(forged).await.unwrap();
        tx.commit().await.unwrap();
        assert!(find(&bench.store.read(&tenant("b")).await.unwrap(), "sku").await.is_none());
        assert!(find(&bench.store.read(&tenant("a")).await.unwrap(), "sku").await.is_some());
    }
}

on_both! {
    async fn writes_for_two_tenants_in_one_transaction(bench) {
        let (a, b) = (tenant("a"), tenant("b"));
        let mut tx = bench.store.begin(&a).await.unwrap();
        tx.insert(row("sku", 1)).await.unwrap();
        tx.enter(&b).await.unwrap();
        assert!(find(&tx, "sku").await.is_none());
        tx.insert(row("sku", 2)).await.unwrap();
        tx.commit().await.unwrap();
        for (owner, units) in [(a, 1), (b, 2)] {
            let snapshot = bench.store.read(&owner).await.unwrap();
            assert_eq!(find(&snapshot, "sku").await.unwrap().units, units);
        }
    }
}

/// Row-level security stands behind the query layer: raw SQL without a tenant sees nothing, also as
/// the owner of the table and after a transaction that had a tenant.
#[tokio::test]
async fn shows_nothing_to_raw_sql_without_a_tenant() {
    let bench = crate::bench::Bench::postgres("raw_sql").await;
    put(&bench.store, &tenant("a"), "sku", 1).await;
    let raw = bench.raw().await;
    assert_eq!(count(&raw).await, 0);
    let begin = "BEGIN; SELECT set_config('app.tenant', 'a', true)";
    raw.execute_unprepared(begin).await.unwrap();
    assert_eq!(count(&raw).await, 1);
    let foreign = "INSERT INTO stock VALUES ('b', 'sku', 1, 1)";
    assert!(
        raw.execute_unprepared(foreign).await.is_err(),
        "nor can it write for another"
    );
    raw.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(count(&raw).await, 0);
    let unscoped = "INSERT INTO stock VALUES ('a', 'more', 1, 1)";
    assert!(raw.execute_unprepared(unscoped).await.is_err());
    bench.drop_schema().await;
}

async fn count(raw: &DatabaseConnection) -> i64 {
    let sql = Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM stock");
    let row = raw.query_one_raw(sql).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
