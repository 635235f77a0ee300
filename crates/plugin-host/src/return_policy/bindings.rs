//! What `bindgen!` makes of the contract.

use crate::{
    sandbox::Guest,
    shared::{bind, contract},
};

bind!(
    "../../plugins/wit/postlude-return-policy",
    "postlude:return-policy/return-policy",
    ReturnPolicy,
    ReturnPolicyPre
);

pub(super) use generated::postlude::return_policy::types as wit;

/// The contract's own text.
pub(super) const CONTRACT: &str = contract!("postlude-return-policy/return-policy.wit");

impl generated::postlude::return_policy::types::Host for Guest {}
