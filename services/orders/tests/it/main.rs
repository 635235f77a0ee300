//! The service through its own doors, on both databases. One file per RPC or consumer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test may fail loudly"
)]

mod cancel_order_lines;
mod erase_customer;
mod get_customer;
mod get_order;
mod idempotency;
mod identity;
mod import_orders;
mod list_orders;
mod record_order;
mod record_payment;
mod record_shipment;
mod record_tracking_event;
mod set_consent;
mod stuck_shipment;
mod update_customer;
mod watch_order;
mod world;
