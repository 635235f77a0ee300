//! The notification policy that ships with Postlude: fewer and calmer messages.
//!
//! Where, when and in which words a message goes out is decided by [`decide`], a pure function of the
//! call's facts and the [`settings`]; each answer carries the rule that gave it. [`wording`] makes the
//! words. Owns no gate: consent, suppression and quiet hours are the platform's.

pub mod decide;
pub mod settings;
pub mod wording;

use postlude_plugin_sdk::{
    config,
    notification_policy::{self, CallContext, Decision, Facts, NotificationPolicy, PluginError},
};

use crate::settings::Settings;

/// The policy.
#[derive(Debug)]
pub struct QuietMailer;

impl NotificationPolicy for QuietMailer {
    fn decide(context: CallContext, facts: Facts) -> Result<Decision, PluginError> {
        let settings = config::settings(Settings::parse)?;
        Ok(decide::decide(&context, &facts, &settings))
    }
}

notification_policy::export!(QuietMailer);
