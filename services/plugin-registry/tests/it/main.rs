//! The registry through its contract, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod bundles;
mod configure_plugin;
mod disable_plugin;
mod fetch_component;
mod get_bindings;
mod get_plugin;
mod install_plugin;
mod list_plugins;
mod registry;
mod rollback_plugin;
mod runs;
mod upload_plugin;
