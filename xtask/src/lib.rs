//! What the commands of `cargo xtask` share with the programs that break things on purpose: finding
//! and fetching tools, running commands, servers of our own.
//!
//! Nothing of the platform is linked in here.

pub mod nats;
pub mod observers;
pub mod postgres;
pub mod repo;
pub mod run;
pub mod tools;
