//! The store's own tables. No service sees them; they carry no row-level security.
#![allow(
    unreachable_pub,
    reason = "the derive macros need public types, this module hides them"
)]

pub mod cursor;
pub mod dead_letter;
pub mod idempotency;
pub mod inbox;
pub mod log_event;
pub mod log_retry;
pub mod outbox;
pub mod secret;
pub mod timer;
pub mod tombstone;
