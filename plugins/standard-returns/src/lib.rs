//! The policy that ships with Postlude: windows per category, restocking and return-shipping fees,
//! final sale, statutory withdrawal, review above a value.
//!
//! What a line is sold under is decided by [`terms`] when the order arrives; what becomes of a
//! request by [`decide`]. Both are pure functions of the call's facts and the [`settings`]; each
//! answer carries the rule that gave it. Owns no date arithmetic but what a working day needs
//! ([`calendar`]).

pub mod calendar;
pub mod decide;
pub mod settings;
pub mod terms;
mod words;

use postlude_plugin_sdk::{
    config,
    return_policy::{
        self, CallContext, Decision, Facts, Order, OrderTerms, PluginError, ReturnPolicy,
    },
};

use crate::settings::Settings;

/// The policy.
#[derive(Debug)]
pub struct StandardReturns;

impl ReturnPolicy for StandardReturns {
    fn terms(_context: CallContext, order: Order) -> Result<OrderTerms, PluginError> {
        Ok(terms::of(&order, &settings()?))
    }

    fn decide(
        context: CallContext,
        facts: Facts,
        terms: OrderTerms,
    ) -> Result<Decision, PluginError> {
        Ok(decide::decide(&context, &facts, &terms, &settings()?))
    }
}

return_policy::export!(StandardReturns);

fn settings() -> Result<Settings, PluginError> {
    config::settings(Settings::parse)
}
