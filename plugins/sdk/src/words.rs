//! The words that all hooks share, made with less ado.

use crate::{Money, PluginError, Reason};

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
