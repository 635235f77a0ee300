//! The databases with nothing of ours in front: statements issued bare, over the same driver and with the
//! same care for the disk.

use anyhow::Context as _;
use postlude_store::StoreConfig;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    Statement, TransactionTrait, Value,
};

/// Connections, as one service has.
const CONNECTIONS: u32 = 8;
/// Whose rows are written and read.
pub(crate) const TENANT: &str = "shop";

/// One service's database, opened bare.
pub(crate) struct Bare {
    /// One on SQLite: it takes one writer.
    writer: DatabaseConnection,
    reader: DatabaseConnection,
}

impl Bare {
    pub(crate) async fn open(config: &StoreConfig) -> anyhow::Result<Self> {
        if !config.url.starts_with("sqlite:") {
            let join = if config.url.contains('?') { '&' } else { '?' };
            let url = format!("{}{join}options[search_path]={}", config.url, config.schema);
            let pool = connect(&url, CONNECTIONS).await?;
            return Ok(Self {
                writer: pool.clone(),
                reader: pool,
            });
        }
        let writer = connect(&config.url, 1).await?;
        for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
            writer.execute_unprepared(pragma).await?;
        }
        Ok(Self {
            writer,
            reader: connect(&config.url, CONNECTIONS).await?,
        })
    }

    fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Issues statements as they were recorded: what comes before the first write in one scope, the
    /// rest in one transaction. On SQLite reads need no scope.
    pub(crate) async fn issue(&self, statements: Vec<Statement>) -> anyhow::Result<()> {
        let mut writes = false;
        let mut open = self.read_scope().await?;
        for statement in statements {
            if !writes && is_write(&statement.sql) {
                writes = true;
                if let Some(done) = open.take() {
                    done.commit().await?;
                }
                open = Some(self.scope().await?);
            }
            match &open {
                Some(transaction) => run(transaction, statement).await?,
                None => run(&self.reader, statement).await?,
            }
        }
        if let Some(done) = open {
            done.commit().await?;
        }
        Ok(())
    }

    async fn read_scope(&self) -> anyhow::Result<Option<DatabaseTransaction>> {
        if self.backend() == DbBackend::Postgres {
            return Ok(Some(self.scope().await?));
        }
        Ok(None)
    }

    /// A transaction in which row-level security knows whose rows these are.
    async fn scope(&self) -> anyhow::Result<DatabaseTransaction> {
        let transaction = begin(&self.writer).await?;
        if self.backend() == DbBackend::Postgres {
            transaction
                .execute_unprepared(&format!(
                    "SELECT set_config('app.tenant', '{TENANT}', true)"
                ))
                .await?;
        }
        Ok(transaction)
    }
}

async fn connect(url: &str, connections: u32) -> anyhow::Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options
        .min_connections(connections)
        .max_connections(connections)
        .sqlx_logging(false);
    Database::connect(options)
        .await
        .context("the floor's database")
}

/// A writer on SQLite takes its lock at once, as the platform's does.
async fn begin(connection: &DatabaseConnection) -> anyhow::Result<DatabaseTransaction> {
    use sea_orm::{SqliteTransactionMode, TransactionOptions};
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(connection.begin_with_options(options).await?)
}

async fn run(connection: &impl ConnectionTrait, statement: Statement) -> anyhow::Result<()> {
    let sql = statement.sql.clone();
    if is_write(&sql) && !sql.contains("RETURNING") {
        let done = connection.execute_raw(statement).await;
        done.with_context(|| sql.clone())?;
    } else {
        let done = connection.query_all_raw(statement).await;
        done.with_context(|| sql.clone())?;
    }
    Ok(())
}

/// Whether a statement changes something.
pub(crate) fn is_write(sql: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE"]
        .iter()
        .any(|verb| sql.trim_start().starts_with(verb))
}

/// Orders' own rows, to be inserted once more into a table of the same form.
pub(crate) struct OrderRows {
    bare: Bare,
}

impl OrderRows {
    pub(crate) async fn open(config: &StoreConfig) -> anyhow::Result<Self> {
        let bare = Bare::open(config).await?;
        let blob = if bare.backend() == DbBackend::Postgres {
            "BYTEA"
        } else {
            "BLOB"
        };
        bare.writer
            .execute_unprepared(&format!(
                "CREATE TABLE bench_floor (tenant TEXT NOT NULL, order_id TEXT NOT NULL, \
                 customer_id TEXT NOT NULL, placed_time BIGINT NOT NULL, revision BIGINT NOT NULL, \
                 body {blob} NOT NULL, PRIMARY KEY (tenant, order_id))"
            ))
            .await?;
        Ok(Self { bare })
    }

    /// What was written of orders whose number begins so.
    pub(crate) async fn read(
        &self,
        prefix: &str,
        expected: usize,
    ) -> anyhow::Result<Vec<Vec<Value>>> {
        let backend = self.bare.backend();
        let transaction = self.bare.scope().await?;
        let select = Statement::from_string(
            backend,
            format!(
                "SELECT tenant, order_id, customer_id, placed_time, revision, body FROM orders \
                 WHERE order_id LIKE '{prefix}%'"
            ),
        );
        let rows = transaction.query_all_raw(select).await?;
        transaction.rollback().await?;
        anyhow::ensure!(rows.len() == expected, "{} rows were written", rows.len());
        rows.iter()
            .map(|row| {
                Ok(vec![
                    row.try_get_by_index::<String>(0)?.into(),
                    row.try_get_by_index::<String>(1)?.into(),
                    row.try_get_by_index::<String>(2)?.into(),
                    row.try_get_by_index::<i64>(3)?.into(),
                    row.try_get_by_index::<i64>(4)?.into(),
                    row.try_get_by_index::<Vec<u8>>(5)?.into(),
                ])
            })
            .collect()
    }

    /// Inserts rows, so many in a statement and so many in a transaction.
    pub(crate) async fn insert(
        &self,
        rows: &[Vec<Value>],
        in_statement: usize,
        in_transaction: usize,
    ) -> anyhow::Result<()> {
        let backend = self.bare.backend();
        for batch in rows.chunks(in_transaction) {
            let transaction = begin(&self.bare.writer).await?;
            for rows in batch.chunks(in_statement) {
                let statement =
                    Statement::from_sql_and_values(backend, insert(backend, rows), rows.concat());
                transaction.execute_raw(statement).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }
}

fn insert(backend: DbBackend, rows: &[Vec<Value>]) -> String {
    let mut place = 0;
    let tuples: Vec<_> = rows
        .iter()
        .map(|row| {
            let places: Vec<_> = row
                .iter()
                .map(|_| {
                    place += 1;
                    if backend == DbBackend::Postgres {
                        format!("${place}")
                    } else {
                        "?".to_owned()
                    }
                })
                .collect();
            format!("({})", places.join(", "))
        })
        .collect();
    format!(
        "INSERT INTO bench_floor (tenant, order_id, customer_id, placed_time, revision, body) VALUES {}",
        tuples.join(", ")
    )
}
