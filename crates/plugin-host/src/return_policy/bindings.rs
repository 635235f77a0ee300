//! What `bindgen!` makes of the contract, and the host's side of its two imports.

use wasmtime::{
    Engine, Store,
    component::{Component, HasSelf, Linker},
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
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../plugins/wit/postlude-plugin", "../../plugins/wit/postlude-return-policy"],
        world: "postlude:return-policy/return-policy",
    });
}

use generated::{ReturnPolicyPre, postlude::plugin::log::Level};
pub(super) use generated::{
    exports::postlude::return_policy::policy::{CallContext, PluginError},
    postlude::{plugin::types as shared, return_policy::types as wit},
};

/// The contract's own text: its digest says which contract a run was under.
pub(crate) const CONTRACT: &str = concat!(
    include_str!("../../../../plugins/wit/postlude-plugin/types.wit"),
    include_str!("../../../../plugins/wit/postlude-return-policy/return-policy.wit"),
);

/// A component whose imports are linked and whose exports are found.
pub(crate) type Prepared = ReturnPolicyPre<Guest>;
/// An instance of one call.
pub(super) type Instance = generated::ReturnPolicy;

/// What every component of the hook is linked to: config and log, nothing else.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    generated::ReturnPolicy::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

/// Links a component and checks that it has the world's types.
pub(crate) fn prepare(linker: &Linker<Guest>, component: &Component) -> wasmtime::Result<Prepared> {
    ReturnPolicyPre::new(linker.instantiate_pre(component)?)
}

/// A fresh instance.
pub(super) fn instantiate(
    prepared: &Prepared,
    store: &mut Store<Guest>,
) -> wasmtime::Result<Instance> {
    prepared.instantiate(store)
}

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
impl generated::postlude::return_policy::types::Host for Guest {}
