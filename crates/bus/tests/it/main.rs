//! The embedded transport: the suite that every transport holds, and what only this one promises.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod embedded;
mod rig;

/// The log on SQLite, as it ships.
mod on_sqlite {
    postlude_bus::conformance!(crate::rig::sqlite);
}

/// The log on PostgreSQL.
mod on_postgres {
    postlude_bus::conformance!(crate::rig::postgres);
}
