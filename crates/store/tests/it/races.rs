//! Many at once: one wins, the others learn it.

use postlude_kernel::Fault as _;
use postlude_store::{Scope as _, Store, StoreError};
use tokio::task::JoinSet;

use crate::bench::{Error, find, on_both, put, row, save, stock, tenant};

on_both! {
    async fn refuses_a_change_of_what_has_moved_on(bench) {
        let owner = tenant("a");
        put(&bench.store, &owner, "sku", 5).await;
        let read = find(&bench.store.read(&owner).await.unwrap(), "sku").await.unwrap();

        let mut tx = bench.store.begin(&owner).await.unwrap();
        save(&mut tx, &read, 4).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = bench.store.begin(&owner).await.unwrap();
        let late = save(&mut tx, &read, 3).await;
        assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
        assert!(tx.commit().await.is_err(), "a failed transaction is never committed");
        let now = find(&bench.store.read(&owner).await.unwrap(), "sku").await.unwrap();
        assert_eq!((now.units, now.version), (4, 2));
    }
}

on_both! {
    async fn gives_the_last_unit_to_one_of_sixteen(bench) {
        put(&bench.store, &tenant("a"), "sku", 1).await;
        let mut racers = JoinSet::new();
        for _ in 0..16 {
            let store = bench.store.clone();
            racers.spawn(async move { take_one(&store).await });
        }
        let answers = racers.join_all().await;
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        let refused = answers
            .iter()
            .filter(|answer| matches!(answer, Err(Error::SoldOut)))
            .count();
        assert_eq!((won, refused), (1, 15), "{answers:?}");
    }
}

on_both! {
    async fn gives_no_unit_twice(bench) {
        put(&bench.store, &tenant("a"), "sku", 16).await;
        let mut racers = JoinSet::new();
        for _ in 0..16 {
            let store = bench.store.clone();
            racers.spawn(async move { take_one(&store).await });
        }
        let answers = racers.join_all().await;
        let won = i64::try_from(answers.iter().filter(|answer| answer.is_ok()).count()).unwrap();
        assert!(won >= 5, "at least five tries can win: {won}");
        for answer in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(answer.reason(), "CONCURRENT_CHANGE");
        }
        let left = find(&bench.store.read(&tenant("a")).await.unwrap(), "sku").await.unwrap();
        assert_eq!(left.units, 16 - won);
    }
}

on_both! {
    async fn tells_a_conflict_for_a_row_that_is_there(bench) {
        let owner = tenant("a");
        put(&bench.store, &owner, "sku", 1).await;
        let mut tx = bench.store.begin(&owner).await.unwrap();
        let answer = tx.insert(row("sku", 2)).await;
        assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
        assert!(tx.commit().await.is_err());
    }
}

on_both! {
    async fn inserts_what_is_missing_and_updates_what_is_there(bench) {
        let owner = tenant("a");
        let key = [stock::Column::Tenant, stock::Column::Sku];
        let mut tx = bench.store.begin(&owner).await.unwrap();
        tx.upsert(row("sku", 1), &key, &[stock::Column::Units]).await.unwrap();
        tx.upsert(row("sku", 2), &key, &[stock::Column::Units]).await.unwrap();
        tx.upsert(row("sku", 3), &key, &[]).await.unwrap();
        tx.insert_all((0..1_200).map(|n| row(&format!("more-{n}"), n)).collect()).await.unwrap();
        assert_eq!(find(&tx, "sku").await.unwrap().units, 2);
        tx.commit().await.unwrap();
        let snapshot = bench.store.read(&owner).await.unwrap();
        assert_eq!(snapshot.find::<stock::Entity>().count().await.unwrap(), 1_201);
    }
}

on_both! {
    async fn a_snapshot_sees_one_moment(bench) {
        let owner = tenant("a");
        put(&bench.store, &owner, "sku", 1).await;
        let snapshot = bench.store.read(&owner).await.unwrap();
        assert_eq!(find(&snapshot, "sku").await.unwrap().units, 1);
        let mut tx = bench.store.begin(&owner).await.unwrap();
        let read = find(&tx, "sku").await.unwrap();
        save(&mut tx, &read, 2).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(find(&snapshot, "sku").await.unwrap().units, 1);
    }
}

/// As a handler does it: load, decide, save with a version check. Boxed, as tonic needs it.
fn take_one(
    store: &Store,
) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> {
    Box::pin(async move {
        let owner = tenant("a");
        store
            .attempt(async || {
                let read = find(&store.read(&owner).await?, "sku").await.unwrap();
                if read.units == 0 {
                    return Err(Error::SoldOut);
                }
                let mut tx = store.begin(&owner).await?;
                save(&mut tx, &read, read.units - 1).await?;
                tx.commit().await?;
                Ok(())
            })
            .await
    })
}
