//! What `bindgen!` makes of the contract.

use crate::{
    sandbox::Guest,
    shared::{bind, contract},
};

bind!(
    "../../plugins/wit/postlude-loyalty-rules",
    "postlude:loyalty-rules/loyalty-rules",
    LoyaltyRules,
    LoyaltyRulesPre
);

pub(super) use generated::postlude::loyalty_rules::types as wit;

/// The contract's own text.
pub(super) const CONTRACT: &str = contract!("postlude-loyalty-rules/loyalty-rules.wit");

impl generated::postlude::loyalty_rules::types::Host for Guest {}
