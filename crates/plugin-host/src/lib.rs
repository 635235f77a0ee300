//! Runs a retailer's plugins and lets none of them hurt anyone.
//!
//! [`Host`] loads WebAssembly components and calls them: each call in a store and an instance of its
//! own, under limits of fuel, time, memory, input, output and log, on a bounded pool of threads. A
//! call never fails for its caller: the [`Answer`] says what came of it, and every call that ran has
//! a [`RunRecord`] that can be kept, shown and replayed to the same bytes.
//!
//! [`Bindings`] says which plugin answers for which tenant, swapped as a whole. What a service makes of
//! an answer is the same for every hook: [`Answer::settle`]. One module per hook with its facts, its
//! checks and its typed calls: [`return_policy`], [`loyalty_rules`], [`notification_policy`]; all else
//! knows hooks by the table that [`hooks`] shows. Owns no transport, no storage and no built-in
//! answers; nothing of wasmtime is in its public types.

mod binding;
mod breaker;
mod call;
mod check;
mod component;
mod context;
mod digest;
mod engine;
mod fault;
mod fixture;
mod hook;
mod host;
pub mod loyalty_rules;
mod meter;
pub mod notification_policy;
mod pool;
mod replay;
pub mod return_policy;
mod run;
mod sandbox;
mod settled;
mod shared;
mod span;

pub use binding::{Binding, BindingState, Bindings, Bound, FaultAction};
pub use component::{Component, ComponentInfo, LoadError, inspect};
pub use context::{CallContext, Reason};
pub use digest::digest;
pub use fault::{FaultCode, PluginError, PluginFault};
pub use fixture::{FixtureError, Tried};
pub use hook::{Function, Hook, hook, hooks};
pub use host::{Host, HostConfig, HostError, Limits};
pub use run::{Answer, Failed, Replay, ReplayError, RunAction, RunRecord, RunResult, Verdict};
pub use settled::{Answered, BuiltIn, Instead, Overloaded, Settled, Unanswered};
