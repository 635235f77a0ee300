//! What `bindgen!` makes of the package that all hooks share, the host's side of its two imports,
//! and its words as recorded messages.

use postlude_proto::{
    runs::v1::{self as proto, PolicyReason},
    r#type::v1::Money,
};

use crate::sandbox::Guest;

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::redundant_clone,
    reason = "generated from the contract"
)]
pub(crate) mod generated {
    wasmtime::component::bindgen!({
        path: ["../../plugins/wit/postlude-plugin"],
        inline: "
            package postlude:host@1.0.0;
            world shared {
                import postlude:plugin/types@1.0.0;
                import postlude:plugin/config@1.0.0;
                import postlude:plugin/log@1.0.0;
            }
        ",
        world: "postlude:host/shared@1.0.0",
    });
}

use generated::postlude::plugin::log::Level;
pub(crate) use generated::postlude::plugin::types as wit;

/// The shared package's own text: part of every contract.
macro_rules! contract {
    ($path:literal) => {
        concat!(
            include_str!("../../../../plugins/wit/postlude-plugin/types.wit"),
            include_str!(concat!("../../../../plugins/wit/", $path)),
        )
    };
}
pub(crate) use contract;

/// Binds one hook's world, its shared words bound to [`generated`], as `generated` beside the caller;
/// adds how a component is linked, prepared and instantiated.
macro_rules! bind {
    ($folder:literal, $world:literal, $bindings:ident, $prepared:ident) => {
        #[allow(
            missing_docs,
            unreachable_pub,
            clippy::all,
            clippy::wildcard_enum_match_arm,
            clippy::indexing_slicing,
            clippy::unwrap_used,
            clippy::expect_used,
            clippy::panic,
            clippy::cast_possible_truncation,
            clippy::redundant_clone,
            reason = "generated from the contract"
        )]
        mod generated {
            wasmtime::component::bindgen!({
                path: ["../../plugins/wit/postlude-plugin", $folder],
                world: $world,
                with: {
                    "postlude:plugin/types@1.0.0": crate::shared::generated::postlude::plugin::types,
                    "postlude:plugin/config@1.0.0": crate::shared::generated::postlude::plugin::config,
                    "postlude:plugin/log@1.0.0": crate::shared::generated::postlude::plugin::log,
                },
            });
        }

        /// Gives a component what it may call: config and log, nothing else.
        pub(super) fn link(
            linker: &mut wasmtime::component::Linker<crate::sandbox::Guest>,
        ) -> wasmtime::Result<()> {
            generated::$bindings::add_to_linker::<_, wasmtime::component::HasSelf<_>>(
                linker,
                |guest| guest,
            )
        }

        /// Checks that a component has the world's types.
        pub(super) fn prepare(
            component: wasmtime::component::InstancePre<crate::sandbox::Guest>,
        ) -> wasmtime::Result<Box<dyn std::any::Any + Send + Sync>> {
            Ok(Box::new(generated::$prepared::new(component)?))
        }

        /// A fresh instance.
        pub(super) fn instantiate(
            component: &crate::component::Component,
            store: &mut wasmtime::Store<crate::sandbox::Guest>,
        ) -> wasmtime::Result<generated::$bindings> {
            component
                .prepared::<generated::$prepared<crate::sandbox::Guest>>()?
                .instantiate(store)
        }
    };
}
pub(crate) use bind;

impl generated::postlude::plugin::config::Host for Guest {
    fn get(&mut self) -> String {
        self.config().to_owned()
    }
}

impl generated::postlude::plugin::log::Host for Guest {
    fn write(&mut self, level: Level, message: String) {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.log(level, &message);
    }
}

impl generated::postlude::plugin::types::Host for Guest {}

/// A recorded message that doesn't fit the contract.
#[derive(Debug, thiserror::Error)]
#[error("the recorded input doesn't fit the contract: `{0}`")]
pub(crate) struct Misfit(pub(crate) &'static str);

pub(crate) fn context(context: Option<&proto::CallContext>) -> wit::CallContext {
    context.map_or_else(
        || wit::CallContext {
            now_micros: 0,
            seed: 0,
            locale: String::new(),
            utc_offset_minutes: 0,
        },
        |context| wit::CallContext {
            now_micros: context.now_micros,
            seed: context.seed,
            locale: context.locale.clone(),
            utc_offset_minutes: context.utc_offset_minutes,
        },
    )
}

pub(crate) fn money(money: &Money) -> wit::Money {
    wit::Money {
        currency_code: money.currency_code.clone(),
        amount_minor: money.amount_minor,
    }
}

pub(crate) fn reason(reason: &PolicyReason) -> wit::Reason {
    wit::Reason {
        code: reason.code.clone(),
        text: reason.text.clone(),
    }
}

pub(crate) fn said_money(money: wit::Money) -> Money {
    Money {
        currency_code: money.currency_code,
        amount_minor: money.amount_minor,
    }
}

pub(crate) fn said_reasons(reasons: Vec<wit::Reason>) -> Vec<PolicyReason> {
    reasons
        .into_iter()
        .map(|reason| PolicyReason {
            code: reason.code,
            text: reason.text,
        })
        .collect()
}

pub(crate) fn said_error(error: wit::PluginError) -> proto::PluginError {
    proto::PluginError {
        code: error.code,
        message: error.message,
    }
}
