//! The durable log that the embedded bus stands on: events in the order of arrival, a cursor per
//! durable consumer, deliveries to try again, and dead letters.
//!
//! It lives in a [`Store`] of its own and decides nothing: the bus says what became of a delivery.

mod consume;
mod dead;
mod migrations;

use std::time::Duration;

use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, Query},
};

pub use self::{
    consume::{Dead, Retry, Settled},
    dead::{DeadLetter, Replay},
};
use crate::{
    Envelope, Store, StoreError,
    envelope::Redaction,
    open::advisory_key,
    store::PLAN_BY_VALUES,
    tables::{dead_letter, log_event, log_retry},
};

const DAY: Duration = Duration::from_secs(86_400);
/// Events stay this long; consumers that start later don't hear older ones.
const KEEP_EVENTS: Duration = DAY.saturating_mul(7);
/// Dead letters can be replayed for this long.
const KEEP_DEAD: Duration = DAY.saturating_mul(30);

/// The log.
#[derive(Debug, Clone)]
pub struct EventLog {
    store: Store,
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place.
    pub seq: i64,
    /// How often it was delivered to the consumer that reads; 0 for what is new.
    pub attempts: u32,
    /// The event.
    pub envelope: Envelope,
}

impl EventLog {
    /// Takes a store for the log and brings its tables up to date.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn open(store: Store) -> Result<Self, StoreError> {
        store.migrate::<migrations::LogMigrator>().await?;
        Ok(Self { store })
    }

    /// The store that the log lives in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Appends events, all or none; one that came before, by its id, is left out. A [`Redaction`] is
    /// carried out instead.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn append(&self, batch: Vec<Envelope>) -> Result<(), StoreError> {
        let now = self.store.now();
        let transaction = self.store.begin_unscoped().await?;
        if self.store.is_postgres() {
            // Places must become visible in their order, or a cursor would pass one by.
            let lock = advisory_key(&self.store.inner().schema, "log");
            transaction
                .execute_unprepared(&format!(
                    "SELECT pg_advisory_xact_lock({lock}), {PLAN_BY_VALUES}"
                ))
                .await?;
        }
        let mut rows = Vec::new();
        for envelope in batch {
            match Redaction::of(&envelope) {
                Some(redaction) => redact(&transaction, &redaction.event_ids).await?,
                None => rows.push(row(envelope, now)),
            }
        }
        insert(&transaction, rows).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The place of the last event; 0 if there is none.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn head(&self) -> Result<i64, StoreError> {
        let last = log_event::Entity::find()
            .select_only()
            .column(log_event::Column::Seq)
            .order_by_desc(log_event::Column::Seq)
            .into_tuple::<i64>()
            .one(self.store.reader())
            .await?;
        Ok(last.unwrap_or(0))
    }

    /// Events behind a place that meet one of the filters (domain and name), in order.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn read(
        &self,
        filters: &[(String, String)],
        after: i64,
        limit: u64,
    ) -> Result<Vec<Logged>, StoreError> {
        if filters.is_empty() {
            return Ok(Vec::new());
        }
        log_event::Entity::find()
            .filter(log_event::Column::Seq.gt(after))
            .filter(any_of(filters))
            .order_by_asc(log_event::Column::Seq)
            .limit(limit)
            .all(self.store.reader())
            .await?
            .into_iter()
            .map(|row| logged(row, 0))
            .collect()
    }

    /// Deletes events older than seven days that nobody tries again, and dead letters older than 30.
    /// Does nothing if it has done so within the hour. Answers how many rows went.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn housekeep_if_due(&self) -> Result<u64, StoreError> {
        if !self.store.is_housekeeping_due() {
            return Ok(0);
        }
        let now = self.store.now();
        let mut waiting = Query::select();
        waiting
            .column(log_retry::Column::Seq)
            .from(log_retry::Entity);
        let transaction = self.store.begin_unscoped().await?;
        let events = log_event::Entity::delete_many()
            .filter(log_event::Column::AppendedAt.lt(now.minus(KEEP_EVENTS).as_micros()))
            .filter(log_event::Column::Seq.not_in_subquery(waiting.take()))
            .exec(&transaction)
            .await?;
        let dead = dead_letter::Entity::delete_many()
            .filter(dead_letter::Column::DiedAt.lt(now.minus(KEEP_DEAD).as_micros()))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(events.rows_affected + dead.rows_affected)
    }
}

fn any_of(filters: &[(String, String)]) -> Condition {
    filters
        .iter()
        .fold(Condition::any(), |any, (domain, name)| {
            any.add(
                Condition::all()
                    .add(log_event::Column::Domain.eq(domain))
                    .add(log_event::Column::Name.eq(name)),
            )
        })
}

/// Dead letters lose their content; events keep it until their seven days are over, but no dead
/// letter takes it over any more.
async fn redact(transaction: &DatabaseTransaction, ids: &[String]) -> Result<(), StoreError> {
    log_event::Entity::update_many()
        .col_expr(log_event::Column::Redacted, Expr::value(true))
        .filter(log_event::Column::Id.is_in(ids.iter().map(String::as_str)))
        .exec(transaction)
        .await?;
    dead_letter::Entity::update_many()
        .col_expr(dead_letter::Column::Redacted, Expr::value(true))
        .col_expr(dead_letter::Column::Payload, Expr::value(Vec::<u8>::new()))
        .filter(dead_letter::Column::EventId.is_in(ids.iter().map(String::as_str)))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn insert(
    transaction: &DatabaseTransaction,
    mut rows: Vec<log_event::ActiveModel>,
) -> Result<(), StoreError> {
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(500));
        log_event::Entity::insert_many(rows)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
        rows = rest;
    }
    Ok(())
}

fn row(envelope: Envelope, now: Timestamp) -> log_event::ActiveModel {
    log_event::ActiveModel {
        seq: NotSet,
        id: Set(envelope.id),
        tenant: Set(envelope.tenant.as_str().to_owned()),
        domain: Set(envelope.domain),
        name: Set(envelope.name),
        r#type: Set(envelope.r#type),
        subject: Set(envelope.subject),
        revision: Set(envelope.revision),
        time: Set(envelope.time.as_micros()),
        traceparent: Set(envelope.traceparent),
        payload: Set(envelope.payload.to_vec()),
        appended_at: Set(now.as_micros()),
        redacted: Set(false),
    }
}

fn logged(row: log_event::Model, attempts: u32) -> Result<Logged, StoreError> {
    Ok(Logged {
        seq: row.seq,
        attempts,
        envelope: Envelope {
            id: row.id,
            r#type: row.r#type,
            domain: row.domain,
            name: row.name,
            tenant: tenant(row.tenant)?,
            subject: row.subject,
            revision: row.revision,
            time: Timestamp::from_micros(row.time),
            traceparent: row.traceparent,
            payload: Bytes::from(row.payload),
        },
    })
}

fn tenant(text: String) -> Result<TenantId, StoreError> {
    TenantId::parse(text).map_err(|error| StoreError::internal(error.to_string()))
}
