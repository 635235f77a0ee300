//! The chassis from outside: what a service, its callers and its operator can rely on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod bindings;
mod clients;
mod config;
mod identity;
mod ops;
mod outgoing;
mod played;
mod requests;
mod service;
mod tls;
