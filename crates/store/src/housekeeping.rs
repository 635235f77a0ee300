//! Rows that nobody needs any more.

use std::{sync::atomic::Ordering, time::Duration};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::{
    Store, StoreError,
    tables::{idempotency, inbox, outbox},
};

const DAY: Duration = Duration::from_secs(86_400);
/// Published events can be replayed for this long.
pub(crate) const OUTBOX: Duration = DAY.saturating_mul(7);
/// A `request_id` protects for this long.
const IDEMPOTENCY: Duration = DAY.saturating_mul(7);
/// Longer than outbox, log and dead letters, so that no replay comes after its inbox row is gone.
const INBOX: Duration = DAY.saturating_mul(45);
const EVERY: Duration = Duration::from_secs(3_600);

impl Store {
    /// Whether an hour has passed since the housekeeping before; answers yes once an hour.
    pub(crate) fn is_housekeeping_due(&self) -> bool {
        let now = self.now();
        let last = self.inner().housekept.load(Ordering::Acquire);
        let due = last == i64::MIN || now.minus(EVERY).as_micros() >= last;
        due && self
            .inner()
            .housekept
            .compare_exchange(last, now.as_micros(), Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Deletes what has outlived its purpose: published events and remembered answers after seven
    /// days, inbox rows after 45. Answers how many rows went.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn housekeep(&self) -> Result<u64, StoreError> {
        let now = self.now();
        let before = |age: Duration| now.minus(age).as_micros();
        let transaction = self.begin_unscoped().await?;
        let events = outbox::Entity::delete_many()
            .filter(outbox::Column::PublishedAt.lt(before(OUTBOX)))
            .exec(&transaction)
            .await?;
        let answers = idempotency::Entity::delete_many()
            .filter(idempotency::Column::CreatedAt.lt(before(IDEMPOTENCY)))
            .exec(&transaction)
            .await?;
        let seen = inbox::Entity::delete_many()
            .filter(inbox::Column::SeenAt.lt(before(INBOX)))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(events.rows_affected + answers.rows_affected + seen.rows_affected)
    }
}
