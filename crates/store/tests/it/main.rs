//! The store's promises, each shown on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod bench;
mod erasure;
mod idempotency;
mod inbox;
mod log;
mod migrate;
mod outage;
mod page;
mod races;
mod relay;
mod tenants;
mod timers;
