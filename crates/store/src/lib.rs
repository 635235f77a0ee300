//! One service's database: SQLite for one process, PostgreSQL for many, the same code above both.
//!
//! - [`Store`]: opens the database, migrates it, hands out [`Snapshot`]s and transactions.
//! - [`Tx`]: state, outbox, inbox, timers and idempotency records that change together or not at all.
//! - [`Scope`] and [`Rows`]: every query of a service, always within one tenant.
//! - [`relay`]: hands committed events to the bus. [`timers`]: fires what is due.
//! - [`trace`]: the trace that work belongs to. [`meter`]: what is measured.
//! - [`log`]: the durable log that the embedded bus stands on.
//! - [`schema`]: what migrations are written with. [`page`]: page tokens.
//!
//! It is the only user of the database connection, and a service can't reach it: what isn't scoped by
//! a tenant can't be asked. It knows no message but [`Envelope`] and no transport but [`Publish`].

pub mod envelope;
mod erasure;
mod error;
mod housekeeping;
mod idempotency;
pub mod log;
pub mod meter;
mod migrations;
mod observe;
mod open;
pub mod page;
pub mod relay;
mod retry;
pub mod schema;
mod scope;
mod store;
mod tables;
pub mod timers;
pub mod trace;
mod tx;
pub mod watch;

pub use envelope::{Envelope, Publish, PublishError};
pub use erasure::Redacted;
pub use error::StoreError;
pub use idempotency::RequestKey;
pub use observe::{Observed, PoolState};
pub use page::{PageToken, cut_page, page_size};
pub use retry::{backoff, jitter};
pub use scope::{Rows, Scope, Snapshot, TenantTable};
pub use sea_orm;
pub use sea_orm_migration;
pub use store::{Store, StoreConfig};
pub use timers::{DueTimer, TimerHandler};
pub use tx::Tx;
