//! The hook `notification-policy`: whether, when, where and in which words a customer hears of
//! something.
//!
//! Owns the hook's facts and answers as plain Rust, and the call on [`Host`](crate::Host). The same
//! words stand in `plugins/wit/postlude-notification-policy` for authors and in `postlude.runs.v1`
//! for recorded runs. Owns no gate, no template and no built-in answer: those are the service's.

mod bindings;
mod call;
mod check;
mod guest;
mod message;
mod types;

use postlude_proto::runs::v1::NotificationPolicyDecideInput;

pub use types::{
    Action, Channel, ChannelState, Consent, Counts, Decision, Dispatch, Facts, Message, Override,
    Preference, Priority, Purpose, Recent, Recipient, Subject, Suppression,
};

use crate::hook::{Function, Hook};

/// The hook's name.
pub const HOOK: &str = "notification-policy";
/// The function that is asked for each message that is due, as runs name it.
pub const DECIDE: &str = "decide";

pub(crate) static DEFINITION: Hook = Hook {
    name: HOOK,
    world: "postlude:notification-policy/notification-policy@1.0.0",
    functions: &[Function::of::<NotificationPolicyDecideInput>()],
    export: "postlude:notification-policy/policy@1.0.0",
    contract: bindings::CONTRACT,
    link: bindings::link,
    prepare: bindings::prepare,
};
