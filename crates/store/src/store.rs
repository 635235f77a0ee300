//! The handle of one service's database.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicI64},
};

use postlude_kernel::{Clock, IdSource, TenantId, Timestamp};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::{
    sync::{Notify, OnceCell, watch},
    time::Instant,
};

use crate::{Snapshot, StoreError, Tx, meter, scope::Session};

/// Where a service's database is.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:///path/to/file.db` or `postgres://…`.
    pub url: String,
    /// The schema on PostgreSQL, `[a-z0-9_]`; made by the migration. SQLite has none.
    pub schema: String,
    /// Connections at most: on PostgreSQL in all (four at least, half of them for reading), on SQLite
    /// for reading (there is one for writing).
    pub max_connections: u32,
}

/// One service's database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// Tenant, kind and key of each timer that is being fired, with its token.
pub(crate) type Firing = HashMap<(String, String, String), String>;

pub(crate) struct Inner {
    pub(crate) service: &'static str,
    pub(crate) schema: String,
    pub(crate) max_connections: u32,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    /// On SQLite a pool of one connection: whoever writes has the file to itself.
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    /// The pools' names, as metrics have them: the one for writing, the one for reading.
    pub(crate) pool_names: (String, String),
    pub(crate) salt: OnceCell<String>,
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) timers: Notify,
    /// One relay at a time in this process, and the broker that it knows.
    pub(crate) relay: tokio::sync::Mutex<Option<String>>,
    /// Timers that this process is firing, with their tokens: their leases are renewed, and one which a
    /// test's clock outran isn't taken from a handler that still runs.
    pub(crate) firing: Mutex<Firing>,
    /// Whether the leases of the process before were let go (SQLite).
    pub(crate) leases_freed: OnceCell<()>,
    pub(crate) housekept: AtomicI64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.0.service)
    }
}

impl Store {
    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// The tenant's rows as they are now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database can't be reached.
    pub async fn read(&self, tenant: &TenantId) -> Result<Snapshot, StoreError> {
        let options = TransactionOptions::default();
        let connection = self.begin_on(&self.0.reader, options).await?;
        if self.is_postgres() {
            let moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
            let scope = scope_statement(tenant);
            // One way there and back for both.
            connection
                .execute_unprepared(&format!("{moment}; {scope}"))
                .await?;
        }
        Ok(Snapshot {
            session: Session::new(self.clone(), tenant.clone(), connection),
        })
    }

    /// Begins a transaction of the tenant.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database can't be reached; [`StoreError::Conflict`] if
    /// another process holds the SQLite file for longer than five seconds.
    pub async fn begin(&self, tenant: &TenantId) -> Result<Tx, StoreError> {
        let connection = self.begin_unscoped().await?;
        self.set_tenant(&connection, tenant).await?;
        Ok(Tx {
            session: Session::new(self.clone(), tenant.clone(), connection),
            staged: crate::tx::Staged::default(),
        })
    }

    /// A transaction for the store's own tables.
    pub(crate) async fn begin_unscoped(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            // Only SQLite has it: a deferred transaction fails when it wants to write too late.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.begin_on(&self.0.writer, options).await
    }

    /// Begins; again on the next connection when the one at hand turns out to be cut, for then nothing
    /// was done on it. A database that is really away is not waited for: opening a connection fails.
    ///
    /// The driver counts a transaction when the server's answer to BEGIN has come. A caller who goes
    /// away before would give back a connection that is still inside of one, so beginning is a task of
    /// its own: it ends in any case, and what nobody waits for any more is rolled back.
    async fn begin_on(
        &self,
        pool: &DatabaseConnection,
        options: TransactionOptions,
    ) -> Result<DatabaseTransaction, StoreError> {
        let (name, began) = (self.pool_name(pool), Instant::now());
        let (pool, attempts) = (pool.clone(), self.0.max_connections);
        let begun = tokio::spawn(async move {
            for _ in 0..attempts {
                match pool
                    .begin_with_options(options)
                    .await
                    .map_err(StoreError::from)
                {
                    Err(StoreError::Unavailable(DbErr::Query(_))) => {}
                    answer => return answer,
                }
            }
            Ok(pool.begin_with_options(options).await?)
        });
        let answer = match begun.await {
            Ok(answer) => answer,
            // Only a runtime that ends cancels it.
            Err(ended) => Err(DbErr::Conn(RuntimeErr::Internal(ended.to_string())).into()),
        };
        let got_one = !matches!(
            answer,
            Err(StoreError::Unavailable(DbErr::ConnectionAcquire(_)))
        );
        meter::waited(name, began.elapsed(), got_one);
        answer
    }

    pub(crate) async fn set_tenant(
        &self,
        connection: &DatabaseTransaction,
        tenant: &TenantId,
    ) -> Result<(), StoreError> {
        if self.is_postgres() {
            connection
                .execute_unprepared(&scope_statement(tenant))
                .await?;
        }
        Ok(())
    }

    /// Until the transaction ends PostgreSQL plans each statement by its values. It keeps the plan of a
    /// statement that comes again, and one with a long list of values, planned while the table was
    /// empty, reads the whole table until the first ANALYZE: a minute in which an import of the past
    /// brings a hundred thousand rows.
    pub(crate) async fn plan_by_values(
        &self,
        connection: &DatabaseTransaction,
    ) -> Result<(), StoreError> {
        if self.is_postgres() {
            connection
                .execute_unprepared(&format!("SELECT {PLAN_BY_VALUES}"))
                .await?;
        }
        Ok(())
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.0.writer.get_database_backend() == DbBackend::Postgres
    }

    /// For the store's own tables; a tenant's tables show nothing to it on PostgreSQL.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    pub(crate) fn salt_cell(&self) -> &OnceCell<String> {
        &self.0.salt
    }

    pub(crate) fn firing(&self) -> std::sync::MutexGuard<'_, Firing> {
        self.0.firing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes who waits for what a commit brought.
    pub(crate) fn committed(&self, events: bool, timers: bool) {
        if events {
            self.0.changes.send_modify(|count| *count += 1);
        }
        if timers {
            self.0.timers.notify_waiters();
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Where ids come from.
    #[must_use]
    pub fn ids(&self) -> &dyn IdSource {
        self.0.ids.as_ref()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// The service that the database belongs to.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Ticks after each commit in this process that told an event. Another process' commits are only
    /// seen by polling.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Wakes relay and timers now, for a test that has moved its clock.
    pub fn kick(&self) {
        self.committed(true, true);
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it doesn't.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.0.reader.ping().await?)
    }

    /// Closes the connections; what runs is waited for.
    pub async fn close(&self) {
        for pool in [&self.0.reader, &self.0.writer] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(service = self.0.service, %error, "closing the database failed");
            }
        }
    }
}

/// To be selected: see [`Store::plan_by_values`].
pub(crate) const PLAN_BY_VALUES: &str = "set_config('plan_cache_mode', 'force_custom_plan', true)";

/// Row-level security goes by this setting until the transaction ends. A tenant's id has no character
/// that means anything in SQL.
fn scope_statement(tenant: &TenantId) -> String {
    format!("SELECT set_config('app.tenant', '{tenant}', true)")
}
