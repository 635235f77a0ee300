//! What the platform promises, shown through the gateway on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod contract;
mod crash;
mod erasure;
mod import;
mod load;
mod plugins;
mod python;
mod races;
mod story;
mod telemetry;
