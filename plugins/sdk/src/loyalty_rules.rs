//! The hook `loyalty-rules`: what an order earns, and what happens where there is less to take back.
//!
//! The types are the contract's; their fields are documented in
//! `plugins/wit/postlude-loyalty-rules/loyalty-rules.wit`.

use crate::bind;

bind!(
    "../wit/postlude-loyalty-rules",
    "postlude:loyalty-rules/loyalty-rules",
    "export_loyalty_rules_world",
    "postlude_plugin_sdk::loyalty_rules::bindings"
);

#[doc(inline)]
pub use self::bindings::{
    exports::postlude::loyalty_rules::rules::Guest as LoyaltyRules,
    postlude::loyalty_rules::types::{
        Balances, Bonus, BuyerKind, Campaign, Channel, ClawbackCause, ClawbackDecision,
        ClawbackFacts, EarnFacts, Earning, LineEarning, Member, Order, OrderLine, Origin, Purpose,
        Shortfall,
    },
};
#[doc(inline)]
pub use crate::{CallContext, Money, PluginError, Reason};

pub use crate::export_loyalty_rules as export;

/// Makes a type that implements [`LoyaltyRules`] the plugin's answer to the hook.
#[macro_export]
macro_rules! export_loyalty_rules {
    ($rules:ident) => {
        // Off wasm there is nobody to export to; the logic is tested there.
        #[cfg(target_arch = "wasm32")]
        $crate::loyalty_rules::bindings::export_loyalty_rules_world!($rules with_types_in $crate::loyalty_rules::bindings);
    };
}

impl Campaign {
    /// Whether the campaign is for a member of this tier, by its own list.
    #[must_use]
    pub fn is_for(&self, tier: &str) -> bool {
        self.tiers.is_empty() || self.tiers.iter().any(|code| code == tier)
    }

    /// Whether the campaign is for this line, by its own lists. Where it lists both categories and
    /// articles either will do.
    #[must_use]
    pub fn covers(&self, line: &OrderLine) -> bool {
        (self.categories.is_empty() && self.skus.is_empty())
            || self.categories.contains(&line.category)
            || self.skus.contains(&line.sku)
    }
}
