//! The hook `loyalty-rules`: what an order earns, and what happens where there is less to take back.
//!
//! Owns the hook's facts and answers as plain Rust, and the two calls on [`Host`](crate::Host). The
//! same words stand in `plugins/wit/postlude-loyalty-rules` for authors and in `postlude.runs.v1`
//! for recorded runs. Owns no built-in answer, no rounding and no balance: those are the service's.

mod bindings;
mod call;
mod check;
mod guest;
mod message;
mod types;

use postlude_proto::runs::v1::{LoyaltyRulesClawbackInput, LoyaltyRulesEarnInput};

pub use types::{
    Balances, Bonus, BuyerKind, Campaign, Channel, ClawbackCause, ClawbackDecision, ClawbackFacts,
    EarnFacts, Earning, LineEarning, Member, Order, OrderLine, Origin, Purpose, Shortfall,
};

use crate::hook::{Function, Hook};

/// The hook's name.
pub const HOOK: &str = "loyalty-rules";
/// The function that is asked what an order earns, as runs name it.
pub const EARN: &str = "earn";
/// The function that is asked when points are taken back, as runs name it.
pub const CLAWBACK: &str = "clawback";

pub(crate) static DEFINITION: Hook = Hook {
    name: HOOK,
    world: "postlude:loyalty-rules/loyalty-rules@1.0.0",
    functions: &[
        Function::of::<LoyaltyRulesEarnInput>(),
        Function::of::<LoyaltyRulesClawbackInput>(),
    ],
    export: "postlude:loyalty-rules/rules@1.0.0",
    contract: bindings::CONTRACT,
    link: bindings::link,
    prepare: bindings::prepare,
};
