//! The hook `notification-policy`: whether, when, where and in which words a customer hears of
//! something.
//!
//! The types are the contract's; their fields are documented in
//! `plugins/wit/postlude-notification-policy/notification-policy.wit`.

use crate::bind;

bind!(
    "../wit/postlude-notification-policy",
    "postlude:notification-policy/notification-policy",
    "export_notification_policy_world",
    "postlude_plugin_sdk::notification_policy::bindings"
);

#[doc(inline)]
pub use self::bindings::{
    exports::postlude::notification_policy::policy::Guest as NotificationPolicy,
    postlude::notification_policy::types::{
        Action, Channel, ChannelState, Consent, Counts, Decision, Dispatch, Facts, Message,
        OverrideText, Preference, Priority, Purpose, Recent, Recipient, Subject, Suppression,
    },
};
#[doc(inline)]
pub use crate::{CallContext, Money, PluginError, Reason};

pub use crate::export_notification_policy as export;

/// Makes a type that implements [`NotificationPolicy`] the plugin's answer to the hook.
#[macro_export]
macro_rules! export_notification_policy {
    ($policy:ident) => {
        // Off wasm there is nobody to export to; the logic is tested there.
        #[cfg(target_arch = "wasm32")]
        $crate::notification_policy::bindings::export_notification_policy_world!($policy with_types_in $crate::notification_policy::bindings);
    };
}

impl ChannelState {
    /// Whether a message may go there. A decision that names another channel is refused.
    #[must_use]
    pub fn may_carry(&self, purpose: Purpose) -> bool {
        let always = self.reachable && self.suppression != Suppression::HardBounced;
        match purpose {
            Purpose::Transactional => always,
            Purpose::Marketing => {
                always
                    && self.consent == Consent::Granted
                    && self.suppression == Suppression::None
                    && self.preference != Preference::OptedOut
            }
        }
    }
}
