//! The configuration that the retailer gave this plugin.

/// The whole configuration: one JSON object that fits the plugin's own schema. Parse it with
/// [`json::parse`](crate::json::parse), or with a library of your choice.
#[must_use]
pub fn text() -> String {
    crate::bindings::postlude::plugin::config::get()
}
