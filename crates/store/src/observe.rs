//! What a store looks like from outside: how much waits in it, and how busy its pools are.

use std::time::Duration;

use postlude_kernel::Timestamp;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    Store, StoreError,
    tables::{outbox, timer},
};

/// What waits in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// Events that are committed and not published.
    pub outbox_size: u64,
    /// How long the oldest of them has waited.
    pub outbox_age: Duration,
    /// Timers that are due and not done.
    pub overdue_timers: u64,
    /// How long the oldest of them has been due.
    pub overdue_age: Duration,
}

/// One pool of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolState {
    /// Its name.
    pub name: String,
    /// Connections at work.
    pub used: u64,
    /// Connections that wait for work.
    pub idle: u64,
    /// Connections at most.
    pub most: u64,
}

impl Store {
    /// Looks how much waits.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn observe(&self) -> Result<Observed, StoreError> {
        let now = self.now();
        let age = |oldest: Option<i64>| {
            oldest.map_or(Duration::ZERO, |micros| {
                now.since(Timestamp::from_micros(micros))
            })
        };
        let (size, oldest) = outbox::Entity::find()
            .select_only()
            .column_as(outbox::Column::Seq.count(), "size")
            .column_as(outbox::Column::CreatedAt.min(), "oldest")
            .filter(outbox::Column::PublishedAt.is_null())
            .into_tuple::<(i64, Option<i64>)>()
            .one(self.reader())
            .await?
            .unwrap_or_default();
        let (overdue, due) = timer::Entity::find()
            .select_only()
            .column_as(timer::Column::Key.count(), "size")
            .column_as(timer::Column::Due.min(), "oldest")
            .filter(timer::Column::Due.lte(now.as_micros()))
            .into_tuple::<(i64, Option<i64>)>()
            .one(self.reader())
            .await?
            .unwrap_or_default();
        Ok(Observed {
            outbox_size: u64::try_from(size).unwrap_or(0),
            outbox_age: age(oldest),
            overdue_timers: u64::try_from(overdue).unwrap_or(0),
            overdue_age: age(due),
        })
    }

    /// How busy the pools are: the one for writing, the one for reading.
    #[must_use]
    pub fn pools(&self) -> [PoolState; 2] {
        let inner = self.inner();
        [&inner.writer, &inner.reader].map(|pool| self.pool(pool))
    }

    pub(crate) fn pool_name(&self, pool: &DatabaseConnection) -> &str {
        let (writer, reader) = &self.inner().pool_names;
        if std::ptr::eq(pool, &raw const self.inner().writer) {
            writer
        } else {
            reader
        }
    }

    fn pool(&self, pool: &DatabaseConnection) -> PoolState {
        let (size, idle, most) = if self.is_postgres() {
            let pool = pool.get_postgres_connection_pool();
            (
                pool.size(),
                pool.num_idle(),
                pool.options().get_max_connections(),
            )
        } else {
            let pool = pool.get_sqlite_connection_pool();
            (
                pool.size(),
                pool.num_idle(),
                pool.options().get_max_connections(),
            )
        };
        let idle = u64::try_from(idle).unwrap_or(0);
        PoolState {
            name: self.pool_name(pool).to_owned(),
            used: u64::from(size).saturating_sub(idle),
            idle,
            most: u64::from(most),
        }
    }
}
