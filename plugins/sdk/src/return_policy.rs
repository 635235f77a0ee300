//! The hook `return-policy`: what may come back, until when and at what price.
//!
//! The types are the contract's; their fields are documented in
//! `plugins/wit/postlude-return-policy/return-policy.wit`.

#[doc(inline)]
pub use crate::bindings::{
    exports::postlude::return_policy::policy::Guest as ReturnPolicy,
    postlude::{
        plugin::types::{CallContext, Money, PluginError, Reason},
        return_policy::types::{
            BuyerKind, Channel, CustomerHistory, Decision, Facts, Fulfilment, LineDecision,
            LineTerms, Order, OrderLine, OrderTerms, Outcome, RequestLine, RestockingFee,
            ReturnMethod, ReturnReason, WithdrawalExemption,
        },
    },
};

pub use crate::export_return_policy as export;

/// Makes a type that implements [`ReturnPolicy`] the plugin's answer to the hook.
#[macro_export]
macro_rules! export_return_policy {
    ($policy:ident) => {
        // Off wasm there is nobody to export to; the logic is tested there.
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export_return_policy_world!($policy with_types_in $crate::bindings);
    };
}

impl Money {
    /// An amount in minor units.
    #[must_use]
    pub fn new(currency_code: &str, amount_minor: i64) -> Self {
        Self {
            currency_code: currency_code.to_owned(),
            amount_minor,
        }
    }
}

impl Reason {
    /// A reason: a code in `UPPER_SNAKE` and one sentence.
    #[must_use]
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            text: text.into(),
        }
    }
}

impl PluginError {
    /// The plugin's own "no answer".
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
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
