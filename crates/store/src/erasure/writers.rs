//! Who asked for a tombstone before it stood there.
//!
//! On PostgreSQL a transaction may ask whether a customer is erased, hear no, and write about them
//! after the erasure has looked for what to hide. Nothing is locked on that road, for every write would
//! pay for it: an erasure, which is rare, waits until those transactions have ended.

use std::{collections::HashSet, time::Duration};

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tokio::time::Instant;

use crate::{Store, StoreError};

/// How long until it looks again. A transaction of a service takes milliseconds.
const PAUSE: Duration = Duration::from_millis(5);

/// Transactions that have read the tombstones keep a lock on the table until they end.
const READERS: &str = "SELECT virtualtransaction FROM pg_locks \
    WHERE locktype = 'relation' AND relation = 'store_tombstone'::regclass \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND pid <> pg_backend_pid()";

impl Store {
    /// Returns once every transaction has ended that asked for a tombstone before this was called. After
    /// it, whatever is written about a customer whose tombstone was committed is there to be seen.
    ///
    /// On SQLite there is one writer, who sees every tombstone: nothing is waited for.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if one of them is still running after `patience`; what the database
    /// answers.
    pub async fn outwait_writers(&self, patience: Duration) -> Result<(), StoreError> {
        if !self.is_postgres() {
            return Ok(());
        }
        let deadline = Instant::now() + patience;
        let before = self.tombstone_readers().await?;
        let mut running = before.clone();
        while !running.is_disjoint(&before) {
            if Instant::now() >= deadline {
                return Err(StoreError::Conflict(
                    "what is known of an erased customer".to_owned(),
                ));
            }
            tokio::time::sleep(PAUSE).await;
            running = self.tombstone_readers().await?;
        }
        Ok(())
    }

    async fn tombstone_readers(&self) -> Result<HashSet<String>, StoreError> {
        let statement = Statement::from_string(DbBackend::Postgres, READERS);
        let rows = self.reader().query_all_raw(statement).await?;
        rows.iter()
            .map(|row| Ok(row.try_get_by_index(0)?))
            .collect()
    }
}
