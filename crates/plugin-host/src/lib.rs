//! Runs a retailer's plugins and lets none of them hurt anyone.
//!
//! [`Host`] loads WebAssembly components and calls them: each call in a store and an instance of its
//! own, under limits of fuel, time, memory, input, output and log, on a bounded pool of threads. A
//! call never fails for its caller: the [`Answer`] says what came of it, and every call that ran has
//! a [`RunRecord`] that can be kept, shown and replayed to the same bytes.
//!
//! [`Bindings`] says which plugin answers for which tenant, swapped as a whole. One module per hook:
//! [`return_policy`]. Owns no transport, no storage and no built-in answers; nothing of wasmtime is
//! in its public types.

mod binding;
mod breaker;
mod component;
mod digest;
mod engine;
mod fault;
mod host;
mod meter;
mod pool;
pub mod return_policy;
mod run;
mod sandbox;
mod span;

pub use binding::{Binding, BindingState, Bindings, Bound, FaultAction};
pub use component::{Component, ComponentInfo, LoadError, inspect};
pub use digest::digest;
pub use fault::{FaultCode, PluginError, PluginFault};
pub use host::{Host, HostConfig, HostError, Limits};
pub use run::{Answer, Failed, Replay, ReplayError, RunAction, RunRecord, RunResult, Verdict};
