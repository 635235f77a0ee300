//! The platform as operators run it, broken on purpose while clients write, and what must hold then.
//!
//! - [`cluster`]: PostgreSQL, NATS and replicas of each service as processes of this machine, each of
//!   which may be stopped, killed and started again.
//! - [`serving`]: everything in one process on SQLite, which may be killed and started again.
//! - [`trial`]: load on a cluster while faults are injected, and the history of what was acknowledged.
//! - [`oracle`]: compares that history with the platform, its databases and the payment system.
//! - [`rows`]: the faults, one file each. [`proxy`]: a network that misbehaves.
//! - [`figures`]: what processes use.

pub mod cluster;
pub mod figures;
pub mod oracle;
pub mod proxy;
pub mod rows;
pub mod serving;
pub mod trial;
