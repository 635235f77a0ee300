//! The log of the embedded bus.

use std::sync::Arc;

use postlude_kernel::{SystemIds, Timestamp};
use postlude_store::{
    Envelope, Store,
    envelope::Redaction,
    log::{Dead, EventLog, Replay, Retry, Settled},
};
use prost::Message as _;

use crate::bench::{Bench, on_both, tenant};

fn event(id: &str, name: &str) -> Envelope {
    Envelope {
        id: id.to_owned(),
        r#type: format!("postlude.orders.{name}.v1"),
        domain: "orders".to_owned(),
        name: name.to_owned(),
        tenant: tenant("a"),
        subject: "order".to_owned(),
        revision: 1,
        time: Timestamp::EPOCH,
        traceparent: None,
        payload: id.as_bytes().to_vec().into(),
    }
}

fn filter(name: &str) -> Vec<(String, String)> {
    vec![("orders".to_owned(), name.to_owned())]
}

/// The log has a database of its own; on PostgreSQL it finds itself beside the bench's tables.
async fn open(bench: &Bench) -> EventLog {
    let mut config = bench.config.clone();
    config.url = config.url.replace("store.db", "bus.db");
    config.schema = config.schema.replacen("st_", "log_", 1);
    let ids = Arc::new(SystemIds);
    let store = Store::open(&config, "bus", bench.clock.clone(), ids).await;
    EventLog::open(store.unwrap()).await.unwrap()
}

async fn ids(log: &EventLog, name: &str, after: i64) -> Vec<String> {
    let events = log.read(&filter(name), after, 64).await.unwrap();
    events.into_iter().map(|event| event.envelope.id).collect()
}

on_both! {
    async fn keeps_an_event_once_and_in_order(bench) {
        let log = open(bench).await;
        log.append(vec![event("e1", "x"), event("e2", "y"), event("e3", "x")]).await.unwrap();
        log.append(vec![event("e3", "x"), event("e4", "x"), event("e1", "x")]).await.unwrap();
        assert_eq!(ids(&log, "x", 0).await, ["e1", "e3", "e4"]);
        assert_eq!(ids(&log, "y", 0).await, ["e2"]);
        let read = log.read(&filter("x"), 0, 1).await.unwrap();
        assert_eq!(read[0].envelope, event("e1", "x"));
        assert_eq!(ids(&log, "x", read[0].seq).await, ["e3", "e4"]);
    }
}

on_both! {
    async fn a_consumer_goes_on_where_its_batch_was_settled(bench) {
        let log = open(bench).await;
        log.append(vec![event("e1", "x"), event("e2", "x"), event("e3", "x")]).await.unwrap();
        let batch = log.read(&filter("x"), log.cursor("points").await.unwrap(), 64).await.unwrap();
        assert_eq!(batch.len(), 3);
        // Killed in the middle of the batch: nothing was settled, all of it comes again.
        let log = open(bench).await;
        assert_eq!(log.cursor("points").await.unwrap(), 0);
        let settled = Settled { cursor: Some(batch[1].seq), ..Default::default() };
        log.settle("points", settled).await.unwrap();
        let log = open(bench).await;
        let cursor = log.cursor("points").await.unwrap();
        assert_eq!(ids(&log, "x", cursor).await, ["e3"]);
        assert_eq!(log.cursor("mails").await.unwrap(), 0, "each consumer has its own");
    }
}

on_both! {
    async fn tries_again_when_it_is_due_and_replays_the_dead(bench) {
        let log = open(bench).await;
        log.append(vec![event("e1", "x")]).await.unwrap();
        let seq = log.head().await.unwrap();
        let due = log.store().now().plus_days(1);
        let retry = Retry { seq, attempts: 1, due, reason: "later".into() };
        let settled = Settled { cursor: Some(seq), retries: vec![retry], ..Default::default() };
        log.settle("points", settled).await.unwrap();
        assert!(log.due_retries("points", 64).await.unwrap().is_empty());
        bench.advance(86_400);
        let again = log.due_retries("points", 64).await.unwrap();
        assert_eq!((again.len(), again[0].attempts), (1, 1));
        assert!(log.due_retries("mails", 64).await.unwrap().is_empty());

        let dead = Dead { seq, attempts: 2, reason: "poison".into() };
        log.settle("points", Settled { dead: vec![dead], ..Default::default() }).await.unwrap();
        assert!(log.due_retries("points", 64).await.unwrap().is_empty());
        let letters = log.dead_letters(None, Some("points"), None, 10).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].attempts, letters[0].reason.as_str()), (2, "poison"));
        assert_eq!(letters[0].envelope, event("e1", "x"));
        assert!(log.dead_letters(Some(&tenant("b")), None, None, 10).await.unwrap().is_empty());
        assert_eq!(log.dead_letters(Some(&tenant("a")), None, None, 10).await.unwrap().len(), 1);

        // Eight days later the event has left the log; the dead letter still knows it.
        bench.advance(8 * 86_400);
        log.append(vec![event("e2", "x")]).await.unwrap();
        log.housekeep_if_due().await.unwrap();
        assert_eq!(ids(&log, "x", 0).await, ["e2"]);
        assert_eq!(log.replay(&letters[0].id).await.unwrap(), Replay::Done);
        assert_eq!(log.replay(&letters[0].id).await.unwrap(), Replay::Missing);
        let again = log.due_retries("points", 64).await.unwrap();
        assert_eq!((again[0].attempts, &again[0].envelope), (0, &event("e1", "x")));
        // While a consumer still wants it, it stays.
        bench.advance(8 * 86_400);
        log.housekeep_if_due().await.unwrap();
        assert_eq!(ids(&log, "x", 0).await, ["e1"]);
    }
}

on_both! {
    async fn empties_dead_letters_of_the_erased(bench) {
        let log = open(bench).await;
        log.append(vec![event("e1", "x"), event("e2", "x")]).await.unwrap();
        let head = log.head().await.unwrap();
        let dead = |seq| Dead { seq, attempts: 1, reason: "poison".into() };
        let first = Settled { dead: vec![dead(head - 1)], ..Default::default() };
        log.settle("points", first).await.unwrap();
        let redaction = Redaction { event_ids: vec!["e1".into(), "e2".into()] };
        let mut carrier = event("r1", Redaction::NAME);
        carrier.r#type = Redaction::TYPE.to_owned();
        carrier.payload = redaction.encode_to_vec().into();
        log.append(vec![carrier]).await.unwrap();
        // It dies after the redaction: no dead letter takes the content over.
        let second = Settled { dead: vec![dead(head)], ..Default::default() };
        log.settle("points", second).await.unwrap();
        let letters = log.dead_letters(None, None, None, 10).await.unwrap();
        assert_eq!(letters.len(), 2);
        for letter in letters {
            assert!(letter.redacted && letter.envelope.payload.is_empty());
            assert_eq!(log.replay(&letter.id).await.unwrap(), Replay::Redacted);
        }
        assert_eq!(log.head().await.unwrap(), head, "the redaction itself is no event");
    }
}
