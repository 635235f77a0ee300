//! An event that comes again.

use crate::bench::{find, on_both, row, tenant};

on_both! {
    async fn knows_an_event_again(bench) {
        let owner = tenant("a");
        for (consumer, event, first) in [
            ("points", "evt_1", true),
            ("points", "evt_1", false),
            ("points", "evt_2", true),
            ("mails", "evt_1", true),
        ] {
            let mut tx = bench.store.begin(&owner).await.unwrap();
            assert_eq!(tx.first_sight(consumer, event).await.unwrap(), first, "{consumer} {event}");
            tx.commit().await.unwrap();
        }
        let mut tx = bench.store.begin(&tenant("b")).await.unwrap();
        assert!(tx.first_sight("points", "evt_1").await.unwrap(), "each tenant has its own");
    }
}

on_both! {
    async fn forgets_the_sight_with_the_effect(bench) {
        let owner = tenant("a");
        let mut tx = bench.store.begin(&owner).await.unwrap();
        assert!(tx.first_sight("points", "evt_1").await.unwrap());
        tx.insert(row("sku", 1)).await.unwrap();
        drop(tx);
        let mut tx = bench.store.begin(&owner).await.unwrap();
        assert!(tx.first_sight("points", "evt_1").await.unwrap());
        assert!(find(&tx, "sku").await.is_none());
    }
}
