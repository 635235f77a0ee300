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
//! One module per hook: [`return_policy`], [`loyalty_rules`], [`notification_policy`]. A plugin may
//! answer several: implement each trait, export each.
//!
//! A plugin is pure: no clock, no chance, no network. The time and a seed come with each call
//! ([`CallContext`]), the retailer's configuration by [`config`]. Owns no policy. Bindings are
//! generated from `plugins/wit`; nothing of wit-bindgen is in the API but the types.

// The generated code names this crate from inside and from a plugin alike.
extern crate self as postlude_plugin_sdk;

mod words;

pub mod config;
pub mod json;
pub mod log;
pub mod loyalty_rules;
pub mod notification_policy;
pub mod return_policy;

#[doc(inline)]
pub use bindings::postlude::plugin::types::{CallContext, Money, PluginError, Reason};

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
        path: ["../wit/postlude-plugin"],
        inline: "
            package postlude:sdk@1.0.0;
            world shared {
                import postlude:plugin/types@1.0.0;
                import postlude:plugin/config@1.0.0;
                import postlude:plugin/log@1.0.0;
            }
        ",
        world: "postlude:sdk/shared@1.0.0",
        generate_all,
        generate_unused_types: true,
        runtime_path: "postlude_plugin_sdk::wit_bindgen_rt",
        additional_derives: [PartialEq],
    });
}

/// Binds one hook's world in a module `bindings` beside the caller; what all hooks share is
/// [`bindings`].
macro_rules! bind {
    ($folder:literal, $world:literal, $export:literal, $module:literal) => {
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
                path: ["../wit/postlude-plugin", $folder],
                world: $world,
                with: {
                    "postlude:plugin/types@1.0.0": postlude_plugin_sdk::bindings::postlude::plugin::types,
                    "postlude:plugin/config@1.0.0": postlude_plugin_sdk::bindings::postlude::plugin::config,
                    "postlude:plugin/log@1.0.0": postlude_plugin_sdk::bindings::postlude::plugin::log,
                },
                generate_all,
                pub_export_macro: true,
                export_macro_name: $export,
                default_bindings_module: $module,
                runtime_path: "postlude_plugin_sdk::wit_bindgen_rt",
                additional_derives: [PartialEq],
            });
        }
    };
}
pub(crate) use bind;

#[doc(hidden)]
pub use wit_bindgen::rt as wit_bindgen_rt;
