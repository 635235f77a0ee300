//! How far each consumer has come, and what it wants again.

use postlude_kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::OnConflict,
};

use super::{EventLog, Logged, any_of, logged};
use crate::{
    StoreError,
    tables::{cursor, dead_letter, log_event, log_retry},
};

/// What became of a batch of deliveries; saved as one.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// Where the cursor stands now, if it moved.
    pub cursor: Option<i64>,
    /// Places of deliveries that were tried again and need no other try.
    pub ended: Vec<i64>,
    /// Deliveries to try again, for the first time or once more.
    pub retries: Vec<Retry>,
    /// Deliveries that are given up.
    pub dead: Vec<Dead>,
}

/// A delivery to try again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The event's place.
    pub seq: i64,
    /// How often it was delivered.
    pub attempts: u32,
    /// When to try again.
    pub due: Timestamp,
    /// Why it didn't work.
    pub reason: String,
}

/// A delivery that is given up.
#[derive(Debug, Clone)]
pub struct Dead {
    /// The event's place.
    pub seq: i64,
    /// How often it was delivered.
    pub attempts: u32,
    /// Why.
    pub reason: String,
}

impl EventLog {
    /// How many events a consumer has yet to handle: those behind its cursor that meet one of the
    /// filters, and those that wait for another try.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn waiting(
        &self,
        consumer: &str,
        filters: &[(String, String)],
        cursor: i64,
    ) -> Result<u64, StoreError> {
        let new = log_event::Entity::find()
            .filter(log_event::Column::Seq.gt(cursor))
            .filter(any_of(filters))
            .count(self.store.reader())
            .await?;
        let again = log_retry::Entity::find()
            .filter(log_retry::Column::Consumer.eq(consumer))
            .count(self.store.reader())
            .await?;
        Ok(new.saturating_add(again))
    }

    /// Where a consumer's cursor stands: the place of the last event that is settled. 0 for a new one,
    /// which hears everything that is still in the log.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn cursor(&self, consumer: &str) -> Result<i64, StoreError> {
        let found = cursor::Entity::find_by_id(consumer)
            .one(self.store.reader())
            .await?;
        Ok(found.map_or(0, |row| row.seq))
    }

    /// Deliveries that are due to be tried again, the longest due first.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn due_retries(&self, consumer: &str, limit: u64) -> Result<Vec<Logged>, StoreError> {
        let due = log_retry::Entity::find()
            .filter(log_retry::Column::Consumer.eq(consumer))
            .filter(log_retry::Column::Due.lte(self.store.now().as_micros()))
            .order_by_asc(log_retry::Column::Due)
            .limit(limit)
            .all(self.store.reader())
            .await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut events = log_event::Entity::find()
            .filter(log_event::Column::Seq.is_in(due.iter().map(|row| row.seq)))
            .all(self.store.reader())
            .await?;
        let mut retries = Vec::new();
        for retry in due {
            let place = events.iter().position(|event| event.seq == retry.seq);
            if let Some(place) = place {
                let attempts = u32::try_from(retry.attempt).unwrap_or(0);
                retries.push(logged(events.swap_remove(place), attempts)?);
            }
        }
        Ok(retries)
    }

    /// Saves what became of a batch.
    ///
    /// # Errors
    /// What the database answers; then nothing is saved and the batch comes again.
    pub async fn settle(&self, consumer: &str, settled: Settled) -> Result<(), StoreError> {
        let now = self.store.now();
        let transaction = self.store.begin_unscoped().await?;
        if let Some(seq) = settled.cursor {
            cursor::Entity::insert(cursor::ActiveModel {
                consumer: Set(consumer.to_owned()),
                seq: Set(seq),
                updated_at: Set(now.as_micros()),
            })
            .on_conflict(
                OnConflict::column(cursor::Column::Consumer)
                    .update_columns([cursor::Column::Seq, cursor::Column::UpdatedAt])
                    .to_owned(),
            )
            .exec_without_returning(&transaction)
            .await?;
        }
        let ended = settled.dead.iter().map(|dead| dead.seq);
        let ended: Vec<i64> = settled.ended.iter().copied().chain(ended).collect();
        if !ended.is_empty() {
            log_retry::Entity::delete_many()
                .filter(log_retry::Column::Consumer.eq(consumer))
                .filter(log_retry::Column::Seq.is_in(ended))
                .exec(&transaction)
                .await?;
        }
        for retry in settled.retries {
            save_retry(&transaction, consumer, retry).await?;
        }
        for dead in settled.dead {
            self.bury(&transaction, consumer, dead).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn bury(
        &self,
        transaction: &DatabaseTransaction,
        consumer: &str,
        dead: Dead,
    ) -> Result<(), StoreError> {
        let Some(event) = log_event::Entity::find_by_id(dead.seq)
            .one(transaction)
            .await?
        else {
            return Ok(());
        };
        let now = self.store.now();
        let payload = if event.redacted {
            Vec::new()
        } else {
            event.payload
        };
        dead_letter::Entity::insert(dead_letter::ActiveModel {
            id: Set(self.store.ids().id("dlq", now)),
            consumer: Set(consumer.to_owned()),
            seq: Set(event.seq),
            event_id: Set(event.id),
            tenant: Set(event.tenant),
            domain: Set(event.domain),
            name: Set(event.name),
            r#type: Set(event.r#type),
            subject: Set(event.subject),
            revision: Set(event.revision),
            time: Set(event.time),
            traceparent: Set(event.traceparent),
            payload: Set(payload),
            attempts: Set(i32::try_from(dead.attempts).unwrap_or(i32::MAX)),
            reason: Set(dead.reason),
            died_at: Set(now.as_micros()),
            redacted: Set(event.redacted),
        })
        .exec_without_returning(transaction)
        .await?;
        Ok(())
    }
}

pub(super) async fn save_retry(
    transaction: &DatabaseTransaction,
    consumer: &str,
    retry: Retry,
) -> Result<(), StoreError> {
    use log_retry::Column;
    log_retry::Entity::insert(log_retry::ActiveModel {
        consumer: Set(consumer.to_owned()),
        seq: Set(retry.seq),
        attempt: Set(i32::try_from(retry.attempts).unwrap_or(i32::MAX)),
        due: Set(retry.due.as_micros()),
        reason: Set(retry.reason),
    })
    .on_conflict(
        OnConflict::columns([Column::Consumer, Column::Seq])
            .update_columns([Column::Attempt, Column::Due, Column::Reason])
            .to_owned(),
    )
    .exec_without_returning(transaction)
    .await?;
    Ok(())
}
