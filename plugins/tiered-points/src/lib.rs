//! The loyalty rules that ship with Postlude: points per unit of the currency, per category and tier,
//! with campaigns, a birthday month and a minimum order; what happens with a shortfall, by tier.
//!
//! What an order earns is decided by [`earn`], what happens when there is less to take back by
//! [`clawback`]. Both are pure functions of the call's facts and the [`settings`]; each answer carries
//! the rule that gave it. Rounds nothing to points: the platform does, once per order.

pub mod clawback;
pub mod earn;
pub mod settings;

use postlude_plugin_sdk::{
    config,
    loyalty_rules::{
        self, CallContext, ClawbackDecision, ClawbackFacts, EarnFacts, Earning, LoyaltyRules,
        PluginError,
    },
};

use crate::settings::Settings;

/// The rules.
#[derive(Debug)]
pub struct TieredPoints;

impl LoyaltyRules for TieredPoints {
    fn earn(_context: CallContext, facts: EarnFacts) -> Result<Earning, PluginError> {
        Ok(earn::earn(&facts, &settings()?))
    }

    fn clawback(
        _context: CallContext,
        facts: ClawbackFacts,
    ) -> Result<ClawbackDecision, PluginError> {
        Ok(clawback::clawback(&facts, &settings()?))
    }
}

loyalty_rules::export!(TieredPoints);

fn settings() -> Result<Settings, PluginError> {
    config::settings(Settings::parse)
}
