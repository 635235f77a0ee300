//! Opening and migrating a database.

use std::{
    path::PathBuf,
    str::FromStr as _,
    sync::{Arc, Mutex, atomic::AtomicI64},
    time::Duration,
};

use postlude_kernel::{Clock, IdSource};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    sqlx::{
        Connection as _,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use sea_orm_migration::MigratorTrait;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, OnceCell, watch};

use crate::{
    Store, StoreConfig, StoreError, migrations::StoreMigrator, store::Inner,
    watch as watch_statements,
};

/// How long a write waits for another process that holds the SQLite file.
const BUSY: Duration = Duration::from_secs(5);
/// How long a call waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);
/// A connection that was idle for longer is asked whether it still lives.
const IDLE: Duration = Duration::from_secs(5);

impl Store {
    /// Opens a service's database. Tables are there after [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it can't be reached, [`StoreError::Internal`] if the
    /// configuration names no database.
    pub async fn open(
        config: &StoreConfig,
        service: &'static str,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, StoreError> {
        let (mut writer, mut reader) = if config.url.starts_with("sqlite:") {
            open_sqlite(config).await?
        } else if config.url.starts_with("postgres://") || config.url.starts_with("postgresql://") {
            open_postgres(config).await?
        } else {
            return Err(StoreError::internal(
                "a database URL starts with sqlite:// or postgres://",
            ));
        };
        watch_statements::attach(service, &mut writer);
        watch_statements::attach(service, &mut reader);
        Ok(Self::from_inner(Inner {
            service,
            schema: config.schema.clone(),
            max_connections: config.max_connections,
            clock,
            ids,
            writer,
            reader,
            pool_names: (format!("{service}.write"), format!("{service}.read")),
            salt: OnceCell::new(),
            changes: watch::Sender::new(0),
            timers: Notify::new(),
            relay: tokio::sync::Mutex::default(),
            firing: Mutex::default(),
            leases_freed: OnceCell::new(),
            housekept: AtomicI64::new(i64::MIN),
        }))
    }

    /// Brings the database up to date: the store's own tables first, then the service's.
    ///
    /// Safe to run again and from several processes at once: a lock lets one do the work. All of it
    /// is one transaction, so a migration that fails leaves nothing behind. A database that is up to
    /// date is left alone, so that a role which owns nothing may ask.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<(), StoreError> {
        if self.is_up_to_date::<M>().await {
            return Ok(());
        }
        let transaction = self.begin_unscoped().await?;
        if self.is_postgres() {
            self.make_schema(&transaction).await?;
        }
        StoreMigrator::up(&transaction, None).await?;
        self.make_salt(&transaction).await?;
        M::up(&transaction, None).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Lets a role read and write the rows of every table, on PostgreSQL: what a service needs whose
    /// role isn't the owner. Row-level security holds for it as for the owner.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn grant(&self, role: &str) -> Result<(), StoreError> {
        if !self.is_postgres() {
            return Ok(());
        }
        let (schema, role) = (&self.inner().schema, role.replace('"', "\"\""));
        let transaction = self.begin_unscoped().await?;
        let lock = advisory_key(schema, "migrate");
        transaction
            .execute_unprepared(&format!(
                r#"SELECT pg_advisory_xact_lock({lock});
                   GRANT USAGE ON SCHEMA "{schema}" TO "{role}";
                   GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO "{role}";
                   GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{role}";"#
            ))
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whatever stands in the way of looking, the migration will say.
    async fn is_up_to_date<M: MigratorTrait>(&self) -> bool {
        let Ok(transaction) = self.begin_unscoped().await else {
            return false;
        };
        let own = StoreMigrator::get_pending_migrations_read_only(&transaction).await;
        let own = own.is_ok_and(|pending| pending.is_empty());
        own && M::get_pending_migrations_read_only(&transaction)
            .await
            .is_ok_and(|pending| pending.is_empty())
    }

    async fn make_schema(&self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        let schema = &self.inner().schema;
        let lock = advisory_key(schema, "migrate");
        transaction
            .execute_unprepared(&format!("SELECT pg_advisory_xact_lock({lock})"))
            .await?;
        transaction
            .execute_unprepared(&format!(r#"CREATE SCHEMA IF NOT EXISTS "{schema}""#))
            .await?;
        Ok(())
    }
}

/// A number for PostgreSQL's advisory locks, of one schema and purpose.
pub(crate) fn advisory_key(schema: &str, purpose: &str) -> i64 {
    let digest = Sha256::digest(format!("postlude/{schema}/{purpose}"));
    let mut bytes = [0; 8];
    bytes
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    i64::from_be_bytes(bytes)
}

async fn open_sqlite(
    config: &StoreConfig,
) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    let parsed = SqliteConnectOptions::from_str(&config.url)
        .map_err(|error| StoreError::internal(format!("not a SQLite URL: {error}")))?;
    let folder: Option<PathBuf> = parsed.get_filename().parent().map(Into::into);
    if let Some(folder) = folder {
        tokio::fs::create_dir_all(&folder)
            .await
            .map_err(|error| StoreError::internal(format!("{}: {error}", folder.display())))?;
    }

    let mut options = common(config);
    // One connection, for good: writers queue for it in order and none meets a lock. But for one whose
    // transaction SQLite has ended by itself, on a full disk for one: the driver then counts one that
    // isn't there, and would put every later one inside of it, to be kept by nobody.
    options.max_connections(1).min_connections(1);
    options.map_sqlx_sqlite_opts(|options| tuned(options).create_if_missing(true));
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        let clean = !connection.is_in_transaction();
        Box::pin(async move { Ok(clean) })
    });
    let writer = Database::connect(options).await?;

    let mut options = common(config);
    options.max_connections(config.max_connections.max(1));
    options.map_sqlx_sqlite_opts(|options| tuned(options).pragma("query_only", "1"));
    let reader = Database::connect(options).await?;
    Ok((writer, reader))
}

fn tuned(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
}

/// Two pools, so that a handler which still holds a snapshot when it begins a transaction never waits
/// for another one that does the same.
async fn open_postgres(
    config: &StoreConfig,
) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    let valid = (1..=63).contains(&config.schema.len())
        && config
            .schema
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if !valid {
        return Err(StoreError::internal(format!(
            "`{}` is not a schema name: 1 to 63 characters out of a-z, 0-9 and _",
            config.schema
        )));
    }
    let most = config.max_connections.max(4);
    let mut options = common(config);
    options
        .max_connections(most / 2)
        .set_schema_search_path(config.schema.clone())
        .set_application_name(format!("postlude {}", config.schema));
    let reader = Database::connect(options.clone()).await?;
    options.max_connections(most - most / 2);
    let writer = Database::connect(options).await?;
    Ok((writer, reader))
}

fn common(config: &StoreConfig) -> ConnectOptions {
    let url = config.url.replacen("postgresql://", "postgres://", 1);
    let mut options = ConnectOptions::new(url);
    options
        .acquire_timeout(ACQUIRE)
        .connect_timeout(ACQUIRE)
        // Not on each use: `begin` passes a cut connection by.
        .test_before_acquire_if_idle_for(IDLE)
        .sqlx_logging(false);
    options
}
