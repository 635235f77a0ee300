//! Dead letters: listed, shown, replayed.

use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::{
    EventLog,
    consume::{Retry, save_retry},
    tenant,
};
use crate::{
    Envelope, StoreError,
    tables::{dead_letter, log_event},
};

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its own id.
    pub id: String,
    /// The consumer that gave up.
    pub consumer: String,
    /// The event; without content if it was redacted.
    pub envelope: Envelope,
    /// How often it was delivered.
    pub attempts: u32,
    /// The last reason.
    pub reason: String,
    /// When it was given up.
    pub died_at: Timestamp,
    /// Whether the content is gone.
    pub redacted: bool,
}

/// What became of the wish to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It is due now, as if for the first time.
    Done,
    /// There is no such dead letter.
    Missing,
    /// Its content is gone.
    Redacted,
}

impl EventLog {
    /// Dead letters, oldest first, behind the id `after`.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn dead_letters(
        &self,
        tenant: Option<&TenantId>,
        consumer: Option<&str>,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        use dead_letter::Column;
        let mut select = dead_letter::Entity::find();
        if let Some(tenant) = tenant {
            select = select.filter(Column::Tenant.eq(tenant.as_str()));
        }
        if let Some(consumer) = consumer {
            select = select.filter(Column::Consumer.eq(consumer));
        }
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after));
        }
        // Ids carry the time.
        select
            .order_by_asc(Column::Id)
            .limit(limit)
            .all(self.store.reader())
            .await?
            .into_iter()
            .map(dead_letter)
            .collect()
    }

    /// One dead letter.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        dead_letter::Entity::find_by_id(id)
            .one(self.store.reader())
            .await?
            .map(dead_letter)
            .transpose()
    }

    /// Lets a dead letter be delivered again, to the consumer that gave it up.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn replay(&self, id: &str) -> Result<Replay, StoreError> {
        let transaction = self.store.begin_unscoped().await?;
        let found = dead_letter::Entity::find_by_id(id)
            .one(&transaction)
            .await?;
        let Some(row) = found else {
            return Ok(Replay::Missing);
        };
        if row.redacted {
            return Ok(Replay::Redacted);
        }
        let consumer = row.consumer.clone();
        let seq = self.place_of(&transaction, row).await?;
        let retry = Retry {
            seq,
            attempts: 0,
            due: self.store.now(),
            reason: "replayed".to_owned(),
        };
        save_retry(&transaction, &consumer, retry).await?;
        dead_letter::Entity::delete_by_id(id)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(Replay::Done)
    }

    /// The event's place in the log. If it has left the log it goes back to its old place, which every
    /// cursor has passed: nobody else hears it.
    async fn place_of(
        &self,
        transaction: &DatabaseTransaction,
        row: dead_letter::Model,
    ) -> Result<i64, StoreError> {
        let found = log_event::Entity::find()
            .filter(log_event::Column::Id.eq(&row.event_id))
            .one(transaction)
            .await?;
        if let Some(event) = found {
            return Ok(event.seq);
        }
        log_event::ActiveModel {
            seq: Set(row.seq),
            id: Set(row.event_id),
            tenant: Set(row.tenant),
            domain: Set(row.domain),
            name: Set(row.name),
            r#type: Set(row.r#type),
            subject: Set(row.subject),
            revision: Set(row.revision),
            time: Set(row.time),
            traceparent: Set(row.traceparent),
            payload: Set(row.payload),
            appended_at: Set(self.store.now().as_micros()),
            redacted: Set(false),
        }
        .insert(transaction)
        .await?;
        Ok(row.seq)
    }
}

fn dead_letter(row: dead_letter::Model) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        id: row.id,
        consumer: row.consumer,
        envelope: Envelope {
            id: row.event_id,
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
        attempts: u32::try_from(row.attempts).unwrap_or(0),
        reason: row.reason,
        died_at: Timestamp::from_micros(row.died_at),
        redacted: row.redacted,
    })
}
