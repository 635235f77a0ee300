//! Which database a test runs on, and a fresh one for it.

use std::path::Path;

use postlude_kernel::{IdSource as _, SystemClock, SystemIds};
use postlude_store::StoreConfig;
use tempfile::TempDir;

/// Where tests find PostgreSQL: a role that owns its schemas and is no superuser.
pub const POSTGRES_URL: &str = "POSTLUDE_TEST_POSTGRES_URL";

/// The two databases that everything runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in a temporary folder.
    Sqlite,
    /// A schema of its own in the PostgreSQL that [`POSTGRES_URL`] names.
    Postgres,
}

impl Database {
    /// Both, for a test that goes through them itself.
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A folder, and on PostgreSQL a prefix for schemas: nobody has used them before.
#[derive(Debug)]
pub struct Fresh {
    database: Database,
    folder: TempDir,
    prefix: String,
    url: Option<String>,
}

impl Fresh {
    /// Makes room.
    ///
    /// # Panics
    /// If there is no place for temporary files, or no PostgreSQL where it is asked for.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let url = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(postgres_url()),
        };
        let ulid = SystemIds.ulid(postlude_kernel::Clock::now(&SystemClock));
        Self {
            database,
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            prefix: format!("t_{}", ulid.to_string().to_lowercase()),
            url,
        }
    }

    /// Which of the two it is.
    #[must_use]
    pub const fn database(&self) -> Database {
        self.database
    }

    /// A folder that goes away with this value.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the names of this test's schemas begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// PostgreSQL's address; none on SQLite.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The database of one service.
    #[must_use]
    pub fn store(&self, service: &str) -> StoreConfig {
        let file = self.folder.path().join(format!("{service}.db"));
        StoreConfig {
            url: self
                .url
                .clone()
                .unwrap_or_else(|| format!("sqlite://{}", file.display())),
            schema: format!("{}_{}", self.prefix, service.replace('-', "_")),
            max_connections: 8,
        }
    }
}

/// The address of the PostgreSQL for tests.
///
/// # Panics
/// If nobody said where it is.
#[must_use]
pub fn postgres_url() -> String {
    std::env::var(POSTGRES_URL)
        .unwrap_or_else(|_| panic!("run cargo xtask test or set {POSTGRES_URL}"))
}
