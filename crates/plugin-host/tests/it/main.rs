//! The host against real components: the plugin that ships and the ones that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod bindings;
mod determinism;
mod hooks;
mod hostile;
mod isolation;
mod limits;
mod loading;
mod loyalty_rules;
mod notification_policy;
mod rules;
mod standard_returns;
mod world;
