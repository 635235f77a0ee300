//! The transports: the suite that each of them holds, and what only one promises.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod embedded;
mod jetstream;
mod rig;

/// The log on SQLite, as it ships.
mod on_sqlite {
    postlude_bus::conformance!(crate::rig::sqlite);
}

/// The log on PostgreSQL.
mod on_postgres {
    postlude_bus::conformance!(crate::rig::postgres);
}

/// NATS JetStream.
mod on_jetstream {
    postlude_bus::conformance!(crate::rig::jetstream);
}
