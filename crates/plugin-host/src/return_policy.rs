//! The hook `return-policy`: what may come back, until when and at what price.
//!
//! Owns the hook's facts and answers as plain Rust, and the two calls on [`Host`](crate::Host). The
//! same words stand in `plugins/wit/postlude-return-policy` for authors and in
//! `postlude.runs.v1` for recorded runs. Owns no built-in answer: that is the service's.

mod bindings;
mod call;
mod check;
mod guest;
mod message;
mod types;

use postlude_proto::runs::v1::{ReturnPolicyDecideInput, ReturnPolicyTermsInput};

pub use types::{
    BuyerKind, Channel, CustomerHistory, Decision, Facts, Fulfilment, LineDecision, LineTerms,
    Order, OrderLine, OrderTerms, Outcome, RequestLine, RestockingFee, ReturnMethod, ReturnReason,
    WithdrawalExemption,
};

use crate::hook::{Function, Hook};

/// The hook's name.
pub const HOOK: &str = "return-policy";
/// The function that is asked when an order arrives, as runs name it.
pub const TERMS: &str = "terms";
/// The function that is asked for each quote and return, as runs name it.
pub const DECIDE: &str = "decide";

pub(crate) static DEFINITION: Hook = Hook {
    name: HOOK,
    world: "postlude:return-policy/return-policy@1.0.0",
    functions: &[
        Function::of::<ReturnPolicyTermsInput>(),
        Function::of::<ReturnPolicyDecideInput>(),
    ],
    export: "postlude:return-policy/policy@1.0.0",
    contract: bindings::CONTRACT,
    link: bindings::link,
    prepare: bindings::prepare,
};
