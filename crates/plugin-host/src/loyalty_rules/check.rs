//! The rules that an answer must keep, whoever wrote the plugin.
//!
//! A broken rule is a fault of the plugin: the error names the field and the rule.

use postlude_proto::runs::v1::{
    LoyaltyRulesBonus, LoyaltyRulesClawbackDecision, LoyaltyRulesEarning, LoyaltyRulesLineEarning,
    loyalty_rules_clawback_decision,
};

use super::{
    message,
    types::{
        Bonus, ClawbackDecision, EarnFacts, Earning, LineEarning, Order, OrderLine, Shortfall,
    },
};
use crate::check::{Broken, broken, one_each, reasons};

/// A thousand points per whole unit of the currency, in milli-points.
///
/// Programmes give one to a few points per unit, and campaigns a few times that. A thousand leaves
/// room for currencies whose unit is large, and a slip of the decimal point in a rule (minor units
/// taken for whole ones, percent for factors) doesn't pass.
const MAX_MILLI_POINTS_PER_UNIT: i128 = 1_000_000;

/// What an order earns, as it may be granted.
pub(super) fn earning(facts: &EarnFacts, said: LoyaltyRulesEarning) -> Result<Earning, Broken> {
    let ids: Vec<&str> = said
        .lines
        .iter()
        .map(|line| line.line_id.as_str())
        .collect();
    one_each(
        "lines",
        "order",
        &ids,
        facts.order.lines.iter().map(|line| line.line_id.as_str()),
    )?;
    let lines = said
        .lines
        .into_iter()
        .zip(&facts.order.lines)
        .enumerate()
        .map(|(index, (said, line))| {
            line_earning(&format!("lines[{index}]"), &facts.order, line, said)
        })
        .collect::<Result<_, _>>()?;
    let mut bonuses: Vec<Bonus> = Vec::with_capacity(said.bonuses.len());
    for (index, said) in said.bonuses.into_iter().enumerate() {
        let at = format!("bonuses[{index}]");
        if bonuses
            .iter()
            .any(|given| given.campaign_code == said.campaign_code)
        {
            return broken(
                format!("{at}.campaign_code"),
                format!("`{}` stands there twice", said.campaign_code.escape_debug()),
            );
        }
        bonuses.push(bonus(&at, facts, said)?);
    }
    Ok(Earning {
        lines,
        bonuses,
        reasons: reasons("reasons", said.reasons)?,
    })
}

fn line_earning(
    at: &str,
    order: &Order,
    line: &OrderLine,
    said: LoyaltyRulesLineEarning,
) -> Result<LineEarning, Broken> {
    let limit = most_milli_points(order, line);
    if i128::from(said.milli_points) > limit {
        return broken(
            format!("{at}.milli_points"),
            format!(
                "is {}, and {limit} at most: a thousand points per unit of what the line cost",
                said.milli_points
            ),
        );
    }
    Ok(LineEarning {
        reasons: reasons(&format!("{at}.reasons"), said.reasons)?,
        line_id: said.line_id,
        milli_points: said.milli_points,
    })
}

/// What a line may earn at most: nothing where nothing was paid.
fn most_milli_points(order: &Order, line: &OrderLine) -> i128 {
    let paid = i128::from(line.net_minor) + i128::from(line.tax_minor);
    let unit = 10_i128
        .checked_pow(message::digits(order))
        .unwrap_or(i128::MAX);
    paid.max(0).saturating_mul(MAX_MILLI_POINTS_PER_UNIT) / unit
}

fn bonus(at: &str, facts: &EarnFacts, said: LoyaltyRulesBonus) -> Result<Bonus, Broken> {
    let Some(campaign) = facts
        .campaigns
        .iter()
        .find(|campaign| campaign.code == said.campaign_code)
    else {
        return broken(
            format!("{at}.campaign_code"),
            format!(
                "is `{}`, which is no campaign of the facts",
                said.campaign_code.escape_debug()
            ),
        );
    };
    if said.points > campaign.bonus_points {
        return broken(
            format!("{at}.points"),
            format!(
                "is {}, and the campaign gives {} at most",
                said.points, campaign.bonus_points
            ),
        );
    }
    Ok(Bonus {
        reasons: reasons(&format!("{at}.reasons"), said.reasons)?,
        campaign_code: said.campaign_code,
        points: said.points,
    })
}

/// What a clawback does with a shortfall.
pub(super) fn clawback(said: LoyaltyRulesClawbackDecision) -> Result<ClawbackDecision, Broken> {
    Ok(ClawbackDecision {
        shortfall: match said.shortfall() {
            loyalty_rules_clawback_decision::Shortfall::GoNegative => Shortfall::GoNegative,
            loyalty_rules_clawback_decision::Shortfall::FloorAtZero => Shortfall::FloorAtZero,
            loyalty_rules_clawback_decision::Shortfall::Unspecified => {
                return broken("shortfall", "isn't known");
            }
        },
        reasons: reasons("reasons", said.reasons)?,
    })
}
