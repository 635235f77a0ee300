//! Tables and their named queries, each within one tenant.
#![allow(
    unreachable_pub,
    reason = "the derive macros need public types, this module hides them"
)]

pub(crate) mod consents;
pub(crate) mod customer_profiles;
pub(crate) mod customers;
pub(crate) mod erasure_participants;
pub(crate) mod erasures;
pub(crate) mod opt_outs;
pub(crate) mod orders;
pub(crate) mod outbox;
