//! Hands committed events to the bus: at least once, in the order of the outbox, whatever crashes.
//!
//! An event is marked as published after the bus has taken it over. A crash in between publishes it
//! again under the same id, which bus and consumers recognise. One relay works at a time: within the
//! process by a mutex, across processes on PostgreSQL by a lock that dies with its connection.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement,
    sea_query::{CaseStatement, Expr, OnConflict},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Envelope, Publish, PublishError, Store, StoreError, meter,
    open::advisory_key,
    store::PLAN_BY_VALUES,
    tables::{
        outbox::{Column, Entity, Model},
        secret,
    },
    trace,
};

/// A bound for memory; the more events share a commit, the faster an import drains.
const BATCH: u64 = 500;
const POLL: Duration = Duration::from_secs(1);
/// Under this name the database remembers its broker.
const BROKER: &str = "broker";

/// What stopped a relay.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database failed.
    #[error("the relay could not read or mark the outbox")]
    Store(#[from] StoreError),
    /// The bus failed.
    #[error("the relay could not publish")]
    Publish(#[from] PublishError),
}

/// Publishes what is committed until it is stopped: woken by each commit, and once a second for the
/// commits of others. Also does the store's housekeeping.
pub async fn run(store: Store, bus: Arc<dyn Publish>, stop: CancellationToken) {
    let mut changes = store.changes();
    let mut failures: u32 = 0;
    loop {
        match drain_once(&store, bus.as_ref()).await {
            Ok(_) => failures = 0,
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::warn!(service = store.service(), failures, error = %chain(&error), "relay");
            }
        }
        if failures == 0
            && store.is_housekeeping_due()
            && let Err(error) = store.housekeep().await
        {
            tracing::warn!(service = store.service(), error = %chain(&error), "housekeeping");
        }
        let pause = if failures == 0 {
            POLL
        } else {
            let most = Duration::from_secs(10);
            crate::backoff(store.ids(), store.now(), failures, POLL / 4, most)
        };
        tokio::select! {
            () = stop.cancelled() => break,
            _ = changes.changed(), if failures == 0 => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Publishes what is committed now and answers how many events that were. Zero also if another
/// process' relay is at work.
///
/// # Errors
/// [`RelayError`]; what was published before stays published.
pub async fn drain_once(store: &Store, bus: &dyn Publish) -> Result<usize, RelayError> {
    let mut known = store.inner().relay.lock().await;
    refill_if_new(store, bus, &mut known).await?;
    let mut published = 0;
    loop {
        let batch = if store.is_postgres() {
            postgres_batch(store, bus).await?
        } else {
            sqlite_batch(store, bus).await?
        };
        if batch == 0 {
            return Ok(published);
        }
        published += batch;
    }
}

/// How many committed events wait for the relay.
///
/// # Errors
/// What the database answers.
pub async fn pending(store: &Store) -> Result<u64, StoreError> {
    Ok(Entity::find()
        .filter(Column::PublishedAt.is_null())
        .count(store.reader())
        .await?)
}

/// Marks every event that is still kept as not published, so that the relay sends all of them again:
/// into an empty broker. Redacted ones stay away. Answers how many.
///
/// # Errors
/// What the database answers.
pub async fn replay_all(store: &Store) -> Result<u64, StoreError> {
    let transaction = store.begin_unscoped().await?;
    let count = unpublish(&transaction).await?;
    transaction.commit().await?;
    store.committed(true, false);
    Ok(count)
}

async fn unpublish(transaction: &DatabaseTransaction) -> Result<u64, StoreError> {
    let answer = Entity::update_many()
        .col_expr(Column::PublishedAt, Expr::value(None::<i64>))
        .filter(Column::PublishedAt.is_not_null())
        .filter(Column::Redacted.eq(false))
        .exec(transaction)
        .await?;
    Ok(answer.rows_affected)
}

/// A broker that lost its store, or another one, is sent all that is still kept. The database remembers
/// which broker it was, so that a restart in between changes nothing.
async fn refill_if_new(
    store: &Store,
    bus: &dyn Publish,
    known: &mut Option<String>,
) -> Result<(), RelayError> {
    let Some(broker) = bus.incarnation().await? else {
        return Ok(());
    };
    if known.as_ref() == Some(&broker) {
        return Ok(());
    }
    let transaction = store.begin_unscoped().await?;
    let before = secret::Entity::find_by_id(BROKER)
        .one(&transaction)
        .await
        .map_err(StoreError::from)?;
    if before.is_none_or(|row| row.value != broker) {
        secret::Entity::insert(secret::ActiveModel {
            name: Set(BROKER.to_owned()),
            value: Set(broker.clone()),
        })
        .on_conflict(
            OnConflict::column(secret::Column::Name)
                .update_column(secret::Column::Value)
                .to_owned(),
        )
        .exec_without_returning(&transaction)
        .await
        .map_err(StoreError::from)?;
        let count = unpublish(&transaction).await?;
        if count > 0 {
            tracing::warn!(
                service = store.service(),
                count,
                "the broker is a new one; sending all events that are kept"
            );
        }
    }
    transaction.commit().await.map_err(StoreError::from)?;
    *known = Some(broker);
    Ok(())
}

/// The lock and the rows live in one transaction: it stays open while the bus works, and a crash
/// lets both go.
async fn postgres_batch(store: &Store, bus: &dyn Publish) -> Result<usize, RelayError> {
    let transaction = store.begin_unscoped().await?;
    let lock = advisory_key(&store.inner().schema, "relay");
    let answer = transaction
        .query_one_raw(Statement::from_string(
            DbBackend::Postgres,
            format!("SELECT pg_try_advisory_xact_lock({lock}), {PLAN_BY_VALUES}"),
        ))
        .await
        .map_err(StoreError::from)?;
    let ours = match answer {
        Some(row) => row.try_get_by_index(0).map_err(StoreError::from)?,
        None => false,
    };
    if !ours {
        return Ok(0);
    }
    let rows = waiting(&transaction).await?;
    let count = rows.len();
    if count > 0 {
        let seqs = publish(store, bus, rows).await?;
        mark(store.now(), &transaction, &seqs).await?;
        transaction.commit().await.map_err(StoreError::from)?;
    }
    Ok(count)
}

/// The only writer isn't held while the bus works.
async fn sqlite_batch(store: &Store, bus: &dyn Publish) -> Result<usize, RelayError> {
    let rows = waiting(store.reader()).await?;
    let count = rows.len();
    if count > 0 {
        let seqs = publish(store, bus, rows).await?;
        let transaction = store.begin_unscoped().await?;
        mark(store.now(), &transaction, &seqs).await?;
        transaction.commit().await.map_err(StoreError::from)?;
    }
    Ok(count)
}

async fn waiting<C: ConnectionTrait>(connection: &C) -> Result<Vec<Model>, StoreError> {
    Ok(Entity::find()
        .filter(Column::PublishedAt.is_null())
        .order_by_asc(Column::Seq)
        .limit(BATCH)
        .all(connection)
        .await?)
}

/// Each event goes out under a span of its own, the child of the work that told it; the rows stay as
/// they are.
async fn publish(
    store: &Store,
    bus: &dyn Publish,
    rows: Vec<Model>,
) -> Result<Vec<i64>, RelayError> {
    let seqs = rows.iter().map(|row| row.seq).collect();
    let mut batch = rows
        .into_iter()
        .map(envelope)
        .collect::<Result<Vec<_>, _>>()?;
    let types: Vec<_> = batch.iter().map(|event| event.r#type.clone()).collect();
    let spans: Vec<_> = batch
        .iter_mut()
        .filter(|event| event.traceparent.is_some())
        .map(|event| {
            let span = sending(store.service(), bus.system(), event);
            event.traceparent = trace::adopt(&span, event.traceparent.take());
            span
        })
        .collect();
    let began = Instant::now();
    let sent = bus.publish(batch).await;
    meter::sent(
        store.service(),
        bus.system(),
        types.iter().map(String::as_str),
        began.elapsed(),
        sent.is_ok(),
    );
    if sent.is_err() {
        for span in spans {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", "refused");
        }
    }
    sent?;
    Ok(seqs)
}

fn sending(service: &str, system: &str, event: &Envelope) -> tracing::Span {
    tracing::info_span!(
        parent: None,
        "send",
        service,
        otel.kind = "producer",
        otel.name = format!("send {}", event.r#type),
        messaging.system = system,
        messaging.operation.name = "send",
        messaging.operation.type = "send",
        messaging.destination.name = event.r#type,
        messaging.message.id = event.id,
        otel.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
    )
}

async fn mark(
    now: Timestamp,
    transaction: &DatabaseTransaction,
    seqs: &[i64],
) -> Result<(), StoreError> {
    // A customer may have been erased while the event waited.
    let payload = CaseStatement::new()
        .case(Column::Redacted.eq(true), Vec::<u8>::new())
        .finally(Expr::col(Column::Payload));
    Entity::update_many()
        .col_expr(Column::PublishedAt, Expr::value(now.as_micros()))
        .col_expr(Column::Payload, payload.into())
        .filter(Column::Seq.is_in(seqs.iter().copied()))
        .exec(transaction)
        .await?;
    Ok(())
}

fn envelope(row: Model) -> Result<Envelope, StoreError> {
    Ok(Envelope {
        id: row.id,
        r#type: row.r#type,
        domain: row.domain,
        name: row.name,
        tenant: TenantId::parse(row.tenant)
            .map_err(|error| StoreError::internal(error.to_string()))?,
        subject: row.subject,
        revision: row.revision,
        time: Timestamp::from_micros(row.created_at),
        traceparent: row.traceparent,
        payload: Bytes::from(row.payload),
    })
}

/// An error with what is behind it, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
