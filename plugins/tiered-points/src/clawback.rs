//! What happens when there is less to take back than was earned.

use postlude_plugin_sdk::loyalty_rules::{ClawbackDecision, ClawbackFacts, Reason, Shortfall};

use crate::settings::Settings;

/// The member's tier decides, else the programme.
#[must_use]
pub fn clawback(facts: &ClawbackFacts, settings: &Settings) -> ClawbackDecision {
    let own = settings.tier(&facts.tier).shortfall;
    let shortfall = own.unwrap_or(settings.shortfall);
    let there = facts.balances.pending.saturating_add(facts.balances.active);
    let missing = facts.points.saturating_sub(there);
    let reason = match (missing, shortfall) {
        (0, _) => Reason::new("POINTS_SUFFICE", "The member has the points that go back."),
        (missing, Shortfall::GoNegative) => Reason::new(
            "SHORTFALL_OWED",
            format!("{missing} of the points are spent; what is earned next pays them back."),
        ),
        (missing, Shortfall::FloorAtZero) => Reason::new(
            "SHORTFALL_WAIVED",
            format!("{missing} of the points are spent; the shop lets them go."),
        ),
    };
    let mut reasons = vec![reason];
    if own.is_some() && missing > 0 {
        reasons.push(Reason::new("TIER_RULE", "The member's tier says so."));
    }
    ClawbackDecision { shortfall, reasons }
}
