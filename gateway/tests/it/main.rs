//! The gateway from outside: what comes through the door, what doesn't, and how it is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod admin;
mod door;
mod keys;
mod limits;
mod place;
#[path = "../../../crates/chassis/tests/it/played.rs"]
mod played;
mod probes;
