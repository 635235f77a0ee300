//! The hook `return-policy`: what may come back, until when and at what price.
//!
//! The types are the contract's; their fields are documented in
//! `plugins/wit/postlude-return-policy/return-policy.wit`.

use crate::bind;

bind!(
    "../wit/postlude-return-policy",
    "postlude:return-policy/return-policy",
    "export_return_policy_world",
    "postlude_plugin_sdk::return_policy::bindings"
);

#[doc(inline)]
pub use self::bindings::{
    exports::postlude::return_policy::policy::Guest as ReturnPolicy,
    postlude::return_policy::types::{
        BuyerKind, Channel, CustomerHistory, Decision, Facts, Fulfilment, LineDecision, LineTerms,
        Order, OrderLine, OrderTerms, Outcome, RequestLine, RestockingFee, ReturnMethod,
        ReturnReason, WithdrawalExemption,
    },
};
#[doc(inline)]
pub use crate::{CallContext, Money, PluginError, Reason};

pub use crate::export_return_policy as export;

/// Makes a type that implements [`ReturnPolicy`] the plugin's answer to the hook.
#[macro_export]
macro_rules! export_return_policy {
    ($policy:ident) => {
        // Off wasm there is nobody to export to; the logic is tested there.
        #[cfg(target_arch = "wasm32")]
        $crate::return_policy::bindings::export_return_policy_world!($policy with_types_in $crate::return_policy::bindings);
    };
}

impl ReturnReason {
    /// Whether the merchant is to blame, so that the customer pays no fee.
    #[must_use]
    pub fn is_merchants_fault(self) -> bool {
        match self {
            Self::NotAsDescribed
            | Self::Defective
            | Self::Damaged
            | Self::WrongItem
            | Self::LateDelivery => true,
            Self::ChangedMind | Self::WrongSize | Self::Withdrawal => false,
        }
    }
}
