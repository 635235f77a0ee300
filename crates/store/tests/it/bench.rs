//! A fresh database of either kind, with a table to try things on.

use std::{sync::Arc, time::Duration};

use postlude_kernel::{Fault, FaultKind, ManualClock, SystemIds, TenantId, Timestamp};
use postlude_store::{
    Scope, Store, StoreConfig, StoreError, Tx, schema,
    sea_orm::{
        self, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, Database,
        DatabaseConnection, DbErr, ExprTrait as _,
    },
    sea_orm_migration::{
        MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
        sea_query::{Alias, Index, Table},
    },
};

pub(crate) const POSTGRES_URL: &str = "POSTLUDE_TEST_POSTGRES_URL";

/// Runs a scenario on both databases, as two tests.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($bench:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every scenario needs all of them")]
            use super::*;

            async fn scenario($bench: &crate::bench::Bench) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                let bench = crate::bench::Bench::sqlite().await;
                scenario(&bench).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                let bench = crate::bench::Bench::postgres(module_path!()).await;
                scenario(&bench).await;
                bench.drop_schema().await;
            }
        }
    };
}
pub(crate) use on_both;

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: StoreConfig,
    _folder: Option<tempfile::TempDir>,
}

impl Bench {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            url: format!("sqlite://{}/bench/store.db", folder.path().display()),
            schema: String::new(),
            max_connections: 8,
        };
        Self::open(config, Some(folder)).await
    }

    pub(crate) async fn postgres(test: &str) -> Self {
        let url = std::env::var(POSTGRES_URL)
            .unwrap_or_else(|_| panic!("set {POSTGRES_URL} to a PostgreSQL database for tests"));
        let test = test.rsplit("::").next().unwrap();
        let schema = format!("st_{}_{test}", std::process::id());
        let config = StoreConfig {
            url,
            schema: schema.chars().take(60).collect(),
            max_connections: 10,
        };
        let bench = Self {
            store: open(&config, &Arc::new(ManualClock::at(start()))).await,
            clock: Arc::new(ManualClock::at(start())),
            config: config.clone(),
            _folder: None,
        };
        bench.drop_schema().await;
        Self::open(config, None).await
    }

    async fn open(config: StoreConfig, folder: Option<tempfile::TempDir>) -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let store = open(&config, &clock).await;
        store.migrate::<Migrator>().await.unwrap();
        Self {
            store,
            clock,
            config,
            _folder: folder,
        }
    }

    /// Another handle on the same database, as another process has it.
    pub(crate) async fn again(&self) -> Store {
        open(&self.config, &self.clock).await
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.config.url.starts_with("postgres")
    }

    /// A connection that knows nothing of tenants.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new(self.config.url.clone());
        options.max_connections(1).sqlx_logging(false);
        if self.is_postgres() {
            options.set_schema_search_path(self.config.schema.clone());
        }
        Database::connect(options).await.unwrap()
    }

    pub(crate) async fn drop_schema(&self) {
        let schema = &self.config.schema;
        let log = schema.replacen("st_", "log_", 1);
        let sql = format!(r#"DROP SCHEMA IF EXISTS "{schema}", "{log}" CASCADE"#);
        self.raw().await.execute_unprepared(&sql).await.unwrap();
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

async fn open(config: &StoreConfig, clock: &Arc<ManualClock>) -> Store {
    Store::open(config, "bench", clock.clone(), Arc::new(SystemIds))
        .await
        .unwrap()
}

fn start() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00Z").unwrap()
}

pub(crate) fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

/// Waits for a condition, ten seconds at most.
pub(crate) async fn eventually<F: AsyncFnMut() -> bool>(what: &str, mut condition: F) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Units on a shelf: what races are about.
#[allow(unreachable_pub, reason = "the derive macros need public types")]
pub(crate) mod stock {
    use postlude_store::{
        TenantTable,
        sea_orm::{self, entity::prelude::*},
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "stock")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sku: String,
        pub units: i64,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl TenantTable for Entity {
        fn tenant_column() -> Column {
            Column::Tenant
        }
    }
}

/// What a service's error looks like to the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("nothing is left")]
    SoldOut,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for Error {
    fn kind(&self) -> FaultKind {
        match self {
            Self::SoldOut => FaultKind::FailedPrecondition,
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::SoldOut => "SOLD_OUT",
            Self::Store(error) => error.reason(),
        }
    }
}

pub(crate) async fn put(store: &Store, owner: &TenantId, sku: &str, units: i64) {
    let mut tx = store.begin(owner).await.unwrap();
    tx.insert(row(sku, units)).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) fn row(sku: &str, units: i64) -> stock::ActiveModel {
    stock::ActiveModel {
        sku: Set(sku.to_owned()),
        units: Set(units),
        version: Set(1),
        ..Default::default()
    }
}

pub(crate) async fn find(scope: &impl Scope, sku: &str) -> Option<stock::Model> {
    scope
        .find::<stock::Entity>()
        .filter(stock::Column::Sku.eq(sku))
        .one()
        .await
        .unwrap()
}

/// Writes the row's new state if nobody changed it since it was read.
pub(crate) async fn save(tx: &mut Tx, read: &stock::Model, units: i64) -> Result<(), StoreError> {
    let change = stock::ActiveModel {
        units: Set(units),
        version: Set(read.version + 1),
        ..Default::default()
    };
    let unchanged = stock::Column::Sku
        .eq(&read.sku)
        .and(stock::Column::Version.eq(read.version));
    tx.update_one::<stock::Entity>(change, unchanged).await
}

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Stock)]
    }
}

struct Stock;

impl MigrationName for Stock {
    fn name(&self) -> &str {
        "0001_stock"
    }
}

#[allow(elided_lifetimes_in_paths, reason = "the trait elides it")]
#[async_trait::async_trait]
impl MigrationTrait for Stock {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::tenant_table(
            manager,
            Table::create()
                .table(Alias::new("stock"))
                .col(schema::tenant())
                .col(schema::text("sku"))
                .col(schema::number("units"))
                .col(schema::number("version"))
                .primary_key(
                    Index::create()
                        .col(Alias::new("tenant"))
                        .col(Alias::new("sku")),
                )
                .take(),
        )
        .await
    }
}
