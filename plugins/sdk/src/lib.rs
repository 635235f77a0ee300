//! Write a Postlude plugin: implement one trait, export it with one macro.
//!
//! ```ignore
//! use postlude_plugin_sdk::return_policy::{self, ReturnPolicy};
//!
//! pub struct Mine;
//! impl ReturnPolicy for Mine { /* terms, decide */ }
//! return_policy::export!(Mine);
//! ```
//!
//! A plugin is pure: no clock, no chance, no network. The time and a seed come with each call
//! ([`CallContext`](return_policy::CallContext)), the retailer's configuration by [`config`]. Owns
//! no policy. Bindings are generated from `plugins/wit`; nothing of wit-bindgen is in the API but
//! the types.

// The generated code names this crate from inside and from a plugin alike.
extern crate self as postlude_plugin_sdk;

pub mod config;
pub mod json;
pub mod log;
pub mod return_policy;

#[doc(hidden)]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::allow_attributes_without_reason,
    reason = "generated from the contract"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: ["../wit/postlude-plugin", "../wit/postlude-return-policy"],
        world: "postlude:return-policy/return-policy",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_return_policy_world",
        default_bindings_module: "postlude_plugin_sdk::bindings",
        runtime_path: "postlude_plugin_sdk::wit_bindgen_rt",
        additional_derives: [PartialEq],
    });
}

#[doc(hidden)]
pub use wit_bindgen::rt as wit_bindgen_rt;
