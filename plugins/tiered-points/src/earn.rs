//! What an order earns.

use postlude_plugin_sdk::loyalty_rules::{
    Bonus, BuyerKind, Campaign, Channel, EarnFacts, Earning, LineEarning, Order, OrderLine, Reason,
};

use crate::settings::{Campaigns, EarnOn, Settings};

/// What each line earns, and the campaigns' points on top.
#[must_use]
pub fn earn(facts: &EarnFacts, settings: &Settings) -> Earning {
    if let Some(reason) = nothing(&facts.order, settings) {
        return Earning {
            lines: facts
                .order
                .lines
                .iter()
                .map(|line| LineEarning {
                    line_id: line.line_id.clone(),
                    milli_points: 0,
                    reasons: vec![reason.clone()],
                })
                .collect(),
            bonuses: Vec::new(),
            reasons: vec![reason],
        };
    }
    let campaigns: Vec<&Campaign> = facts
        .campaigns
        .iter()
        .filter(|campaign| {
            settings.campaigns != Campaigns::None && campaign.is_for(&facts.member.tier)
        })
        .collect();
    Earning {
        lines: facts
            .order
            .lines
            .iter()
            .map(|line| one_line(facts, line, &campaigns, settings))
            .collect(),
        bonuses: bonuses(&facts.order, &campaigns, settings),
        reasons: vec![Reason::new(
            "LINE_BY_LINE",
            "Each line earns for itself; fractions are added up over the order and rounded down once.",
        )],
    }
}

/// Why the whole order earns nothing, if it does.
fn nothing(order: &Order, settings: &Settings) -> Option<Reason> {
    if order.buyer_kind == BuyerKind::Business && !settings.business_earns {
        return Some(Reason::new("BUSINESS", "Businesses earn no points."));
    }
    if settings.excluded_channels.contains(&order.channel) {
        let place = match order.channel {
            Channel::Online => "online",
            Channel::Store => "in the shop",
            Channel::Marketplace => "on a marketplace",
        };
        return Some(Reason::new(
            "EXCLUDED_CHANNEL",
            format!("What is bought {place} earns no points."),
        ));
    }
    let worth = order.lines.iter().fold(0_i64, |sum, line| {
        sum.saturating_add(line.net_minor)
            .saturating_add(line.tax_minor)
    });
    match settings.minimum_order.get(&order.currency_code) {
        Some(minimum) if worth < minimum => Some(Reason::new(
            "BELOW_MINIMUM",
            format!("Orders below {} earn no points.", amount(minimum, order)),
        )),
        _ => None,
    }
}

fn one_line(
    facts: &EarnFacts,
    line: &OrderLine,
    campaigns: &[&Campaign],
    settings: &Settings,
) -> LineEarning {
    let order = &facts.order;
    let mut earning = LineEarning {
        line_id: line.line_id.clone(),
        milli_points: 0,
        reasons: Vec::new(),
    };
    if settings.excluded_categories.contains(&line.category) {
        earning.reasons.push(Reason::new(
            "EXCLUDED_CATEGORY",
            "This category earns no points.",
        ));
        return earning;
    }
    let (rate, own) = settings.rate_of(&line.category);
    let code = if own { "CATEGORY_RATE" } else { "SHOP_RATE" };
    let text = format!("{} per {}.", points(rate), plain(&order.currency_code));
    earning.reasons.push(Reason::new(code, text));
    let currency = settings.currency(&order.currency_code);
    if currency != 100 {
        let text = format!("{currency} % of it in this currency.");
        earning.reasons.push(Reason::new("CURRENCY_RATE", text));
    }
    let percent = multiplier(facts, line, campaigns, settings, &mut earning.reasons);
    let paid = match settings.earn_on {
        EarnOn::Gross => line.net_minor.saturating_add(line.tax_minor),
        EarnOn::Net => line.net_minor,
    };
    let unit = 10_u128
        .checked_pow(order.currency_digits)
        .unwrap_or(u128::MAX);
    let earned = [rate, currency, percent]
        .into_iter()
        .fold(u128::try_from(paid).unwrap_or(0), |product, factor| {
            product.saturating_mul(u128::from(factor))
        });
    // Currency and multiplier are in percent.
    let whole = unit.saturating_mul(100 * 100);
    earning.milli_points = u64::try_from(earned / whole).unwrap_or(u64::MAX);
    earning
}

/// What tier, birthday and campaigns make of it, in percent, with their reasons.
fn multiplier(
    facts: &EarnFacts,
    line: &OrderLine,
    campaigns: &[&Campaign],
    settings: &Settings,
    reasons: &mut Vec<Reason>,
) -> u32 {
    let mut percent: u64 = 100;
    let mut times = |factor: u32| percent = percent.saturating_mul(u64::from(factor)) / 100;
    let tier = settings.tier(&facts.member.tier).percent;
    if tier != 100 {
        times(tier);
        reasons.push(Reason::new(
            "TIER",
            format!("{tier} % for {}.", plain(&facts.member.tier)),
        ));
    }
    if facts.member.birthday_month && settings.birthday_month_percent != 100 {
        times(settings.birthday_month_percent);
        reasons.push(Reason::new(
            "BIRTHDAY_MONTH",
            format!(
                "{} % in the birthday month.",
                settings.birthday_month_percent
            ),
        ));
    }
    let touching = campaigns
        .iter()
        .filter(|campaign| campaign.covers(line) && campaign.multiplier_percent > 100);
    let mut said = |campaign: &Campaign| {
        reasons.push(Reason::new(
            "CAMPAIGN",
            format!(
                "{} % by {}.",
                campaign.multiplier_percent,
                plain(&campaign.code)
            ),
        ));
    };
    match settings.campaigns {
        Campaigns::None => {}
        Campaigns::Best => {
            if let Some(best) = touching.max_by_key(|campaign| campaign.multiplier_percent) {
                times(best.multiplier_percent);
                said(best);
            }
        }
        Campaigns::Add => {
            let mut all: u32 = 100;
            // As many as there is room for reasons.
            for campaign in touching.take(8) {
                all = all.saturating_add(campaign.multiplier_percent - 100);
                said(campaign);
            }
            times(all);
        }
    }
    let percent = u32::try_from(percent).unwrap_or(u32::MAX);
    if percent > settings.most_percent {
        reasons.push(Reason::new(
            "MOST",
            format!("{} % at most.", settings.most_percent),
        ));
    }
    percent.min(settings.most_percent)
}

/// The points on top, of each campaign that touches a line that can earn.
fn bonuses(order: &Order, campaigns: &[&Campaign], settings: &Settings) -> Vec<Bonus> {
    campaigns
        .iter()
        .filter(|campaign| {
            campaign.bonus_points > 0
                && order.lines.iter().any(|line| {
                    line.quantity > 0
                        && campaign.covers(line)
                        && !settings.excluded_categories.contains(&line.category)
                })
        })
        .map(|campaign| Bonus {
            campaign_code: campaign.code.clone(),
            points: campaign.bonus_points,
            reasons: vec![Reason::new(
                "CAMPAIGN_BONUS",
                format!(
                    "{} points on top by {}.",
                    campaign.bonus_points,
                    plain(&campaign.code)
                ),
            )],
        })
        .collect()
}

/// `1 point`, `1.5 points`, `0.25 points`.
fn points(milli: u32) -> String {
    let (whole, part) = (milli / 1_000, milli % 1_000);
    if part == 0 {
        let s = if whole == 1 { "" } else { "s" };
        return format!("{whole} point{s}");
    }
    let part = format!("{part:03}");
    format!("{whole}.{} points", part.trim_end_matches('0'))
}

/// An amount in an order's currency: `12.05 EUR`.
fn amount(minor: i64, order: &Order) -> String {
    let currency = plain(&order.currency_code);
    let digits = usize::try_from(order.currency_digits).unwrap_or(0);
    match 10_i64.checked_pow(order.currency_digits) {
        None | Some(1) => format!("{minor} {currency}"),
        Some(unit) => format!("{}.{:0digits$} {currency}", minor / unit, minor % unit),
    }
}

/// A retailer's word as it may stand in a sentence.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|character| !character.is_control())
        .take(60)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_as_points() {
        assert_eq!(points(1_000), "1 point");
        assert_eq!(points(2_000), "2 points");
        assert_eq!(points(1_500), "1.5 points");
        assert_eq!(points(50), "0.05 points");
    }
}
