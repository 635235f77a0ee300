//! The service's tests: it alone, with orders, the registry and the payment system played by the test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod approve_return;
mod cancel_return;
mod confirm_refund;
mod create_claim;
mod create_return;
mod decline_return;
mod erasure;
mod exchange_return;
mod get_claim;
mod get_return;
mod inspect_return;
mod issue_label;
mod law;
mod list_claims;
mod list_returns;
mod projection;
mod quote_return;
mod receive_return;
mod record_return_scan;
mod refund_command;
mod refund_methods;
mod refund_return;
mod resolve_claim;
mod runs;
mod settings;
mod timers;
mod watch_return;
mod world;
