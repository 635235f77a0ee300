//! The hook `return-policy`: what may come back, until when and at what price.
//!
//! Owns the hook's facts and answers as plain Rust, and the two calls on [`Host`](crate::Host). The
//! same words stand in `plugins/wit/postlude-return-policy` for authors and in
//! `postlude.runs.v1` for recorded runs. A call goes facts → message → guest → message → answer: the
//! messages are what is recorded, so that a replay repeats exactly what ran. Owns no built-in
//! answer: that is the service's.

mod bindings;
mod call;
mod check;
mod fixture;
mod guest;
mod message;
mod types;
mod wire;

pub(crate) use bindings::{CONTRACT, Prepared, linker, prepare};
pub use fixture::{FixtureError, Tried};
pub use types::{
    BuyerKind, CallContext, Channel, CustomerHistory, Decision, Facts, Fulfilment, LineDecision,
    LineTerms, Order, OrderLine, OrderTerms, Outcome, Reason, RequestLine, RestockingFee,
    ReturnMethod, ReturnReason, WithdrawalExemption,
};

/// The hook's name.
pub const HOOK: &str = "return-policy";
/// The function that is asked when an order arrives, as runs name it.
pub const TERMS: &str = "terms";
/// The function that is asked for each quote and return, as runs name it.
pub const DECIDE: &str = "decide";
/// What a plugin of the hook exports.
pub(crate) const EXPORT: &str = "postlude:return-policy/policy@1.0.0";
/// What a plugin of the hook may call.
pub(crate) const IMPORTS: [&str; 2] = ["postlude:plugin/config@1.0.0", "postlude:plugin/log@1.0.0"];
