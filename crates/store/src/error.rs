//! What a database can answer besides rows, and what each means to a caller.

use std::time::Duration;

use postlude_kernel::{Fault, FaultKind, FieldViolation};
use sea_orm::{
    DbErr, RuntimeErr, SqlErr,
    sqlx::{self, error::DatabaseError},
};

/// The reason that [`Store::attempt`](crate::Store::attempt) runs the work again for.
pub(crate) const CONCURRENT_CHANGE: &str = "CONCURRENT_CHANGE";

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the same thing first: a version that moved on, a row that was there
    /// already, a deadlock. The same work, begun again, sees the new state.
    #[error("{0} was changed at the same time")]
    Conflict(String),
    /// The `request_id` came before, with another request.
    #[error("the request_id was used before, for a different request")]
    RequestIdReused,
    /// The answer to this `request_id` was about a customer who has been erased since.
    #[error("the answer to this request_id was about a customer who has been erased")]
    CustomerErased,
    /// The page token isn't one of this list's.
    #[error("the page token is not one of this list and filter")]
    PageToken,
    /// The database can't be reached, is full, or is shutting down.
    #[error("the database can't be reached")]
    Unavailable(#[source] DbErr),
    /// A bug, or a database that is broken.
    #[error("the database failed: {what}")]
    Internal {
        /// What was being done.
        what: String,
        /// What the database said.
        #[source]
        source: Option<DbErr>,
    },
}

impl StoreError {
    /// A fault that no answer of the database stands behind.
    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::Internal {
            what: what.into(),
            source: None,
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(detail)) = error.sql_err() {
            return Self::Conflict(detail);
        }
        match meaning(&error) {
            Meaning::Conflict => Self::Conflict("a row".to_owned()),
            Meaning::Unavailable => Self::Unavailable(error),
            Meaning::Other => Self::Internal {
                what: "a statement was refused".to_owned(),
                source: Some(error),
            },
        }
    }
}

enum Meaning {
    Conflict,
    Unavailable,
    Other,
}

fn meaning(error: &DbErr) -> Meaning {
    use sqlx::Error as Driver;
    if let DbErr::Exec(runtime) | DbErr::Query(runtime) | DbErr::Conn(runtime) = error {
        let RuntimeErr::SqlxError(source) = runtime else {
            return Meaning::Other;
        };
        if let Driver::Database(database) = source.as_ref() {
            return by_code(database.as_ref());
        }
        let gone = matches!(
            source.as_ref(),
            Driver::Io(_)
                | Driver::Tls(_)
                | Driver::Protocol(_)
                | Driver::PoolTimedOut
                | Driver::PoolClosed
                | Driver::WorkerCrashed
                | Driver::BeginFailed
        );
        return if gone {
            Meaning::Unavailable
        } else {
            Meaning::Other
        };
    }
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        Meaning::Unavailable
    } else if matches!(error, DbErr::RecordNotInserted | DbErr::RecordNotUpdated) {
        Meaning::Conflict
    } else {
        Meaning::Other
    }
}

/// PostgreSQL's SQLSTATE has five characters; SQLite's extended result code is a number.
fn by_code(error: &dyn DatabaseError) -> Meaning {
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        // Serialisation failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Meaning::Conflict,
        // Shutting down, starting up, crashed; SQLite: out of disk, I/O error, can't open.
        "57P01" | "57P02" | "57P03" | "13" | "14" => Meaning::Unavailable,
        code if code.len() == 5 && (code.starts_with("08") || code.starts_with("53")) => {
            Meaning::Unavailable
        }
        code => match code.parse::<u32>().map(|extended| extended & 0xff) {
            // SQLITE_BUSY and SQLITE_LOCKED with all their kinds (517 is BUSY_SNAPSHOT).
            Ok(5 | 6) if code.len() < 5 => Meaning::Conflict,
            Ok(10) if code.len() < 5 => Meaning::Unavailable,
            Ok(_) | Err(_) => Meaning::Other,
        },
    }
}

impl Fault for StoreError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Conflict(_) => FaultKind::Aborted,
            Self::RequestIdReused | Self::PageToken => FaultKind::InvalidArgument,
            Self::CustomerErased => FaultKind::FailedPrecondition,
            Self::Unavailable(_) => FaultKind::Unavailable,
            Self::Internal { .. } => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Conflict(_) => CONCURRENT_CHANGE,
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::CustomerErased => "CUSTOMER_ERASED",
            Self::PageToken => "PAGE_TOKEN_INVALID",
            Self::Unavailable(_) => "STORE_UNAVAILABLE",
            Self::Internal { .. } => "INTERNAL",
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::RequestIdReused => vec![FieldViolation::new(
                "request_id",
                "was used before, for a different request",
            )],
            Self::PageToken => vec![FieldViolation::new(
                "page_token",
                "is not a token of this list and filter",
            )],
            Self::Conflict(_)
            | Self::CustomerErased
            | Self::Unavailable(_)
            | Self::Internal { .. } => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Conflict(_) => Some(Duration::from_millis(100)),
            Self::Unavailable(_) => Some(Duration::from_secs(1)),
            Self::RequestIdReused
            | Self::CustomerErased
            | Self::PageToken
            | Self::Internal { .. } => None,
        }
    }
}
