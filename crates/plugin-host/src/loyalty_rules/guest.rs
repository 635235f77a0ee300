//! Messages ↔ what a guest is given and gives.
//!
//! Going in, a message is the host's own or was recorded by it; an enum value that it doesn't know
//! is a record from another contract. Coming out, everything is kept as it was said: judging is
//! `check`'s.

use postlude_proto::runs::v1::{
    LoyaltyRulesBonus, LoyaltyRulesCampaign, LoyaltyRulesClawbackDecision,
    LoyaltyRulesClawbackFacts, LoyaltyRulesEarnFacts, LoyaltyRulesEarning, LoyaltyRulesLineEarning,
    LoyaltyRulesMember, LoyaltyRulesOrder, LoyaltyRulesOrderLine,
    loyalty_rules_clawback_decision::Shortfall,
    loyalty_rules_clawback_facts::Cause,
    loyalty_rules_earn_facts::Purpose,
    loyalty_rules_order::{BuyerKind, Channel, Origin},
};

use super::bindings::wit;
use crate::shared::{Misfit, money, said_reasons};

fn order(order: &LoyaltyRulesOrder) -> Result<wit::Order, Misfit> {
    Ok(wit::Order {
        order_id: order.order_id.clone(),
        currency_code: order.currency_code.clone(),
        currency_digits: order.currency_digits,
        buyer_kind: match order.buyer_kind() {
            BuyerKind::Consumer => wit::BuyerKind::Consumer,
            BuyerKind::Business => wit::BuyerKind::Business,
            BuyerKind::Unspecified => return Err(Misfit("order.buyer_kind")),
        },
        channel: match order.channel() {
            Channel::Online => wit::Channel::Online,
            Channel::Store => wit::Channel::Store,
            Channel::Marketplace => wit::Channel::Marketplace,
            Channel::Unspecified => return Err(Misfit("order.channel")),
        },
        origin: match order.origin() {
            Origin::Live => wit::Origin::Live,
            Origin::Backfill => wit::Origin::Backfill,
            Origin::Unspecified => return Err(Misfit("order.origin")),
        },
        placed_micros: order.placed_micros,
        lines: order.lines.iter().map(order_line).collect(),
    })
}

fn order_line(line: &LoyaltyRulesOrderLine) -> wit::OrderLine {
    wit::OrderLine {
        line_id: line.line_id.clone(),
        sku: line.sku.clone(),
        category: line.category.clone(),
        quantity: line.quantity,
        net_minor: line.net_minor,
        tax_minor: line.tax_minor,
        final_sale: line.final_sale,
        gift: line.gift,
    }
}

pub(super) fn earn(facts: &LoyaltyRulesEarnFacts) -> Result<wit::EarnFacts, Misfit> {
    Ok(wit::EarnFacts {
        purpose: match facts.purpose() {
            Purpose::Order => wit::Purpose::Order,
            Purpose::Simulation => wit::Purpose::Simulation,
            Purpose::Exchange => wit::Purpose::Exchange,
            Purpose::Unspecified => return Err(Misfit("facts.purpose")),
        },
        order: order(facts.order.as_ref().ok_or(Misfit("facts.order"))?)?,
        member: member(facts.member.as_ref().ok_or(Misfit("facts.member"))?)?,
        campaigns: facts.campaigns.iter().map(campaign).collect(),
    })
}

fn member(member: &LoyaltyRulesMember) -> Result<wit::Member, Misfit> {
    let spend = member.tier_window_spend.as_ref();
    Ok(wit::Member {
        tier: member.tier.clone(),
        enrolled_micros: member.enrolled_micros,
        birthday_month: member.birthday_month,
        lifetime_points: member.lifetime_points,
        tier_window_spend: money(spend.ok_or(Misfit("facts.member.tier_window_spend"))?),
    })
}

fn campaign(campaign: &LoyaltyRulesCampaign) -> wit::Campaign {
    wit::Campaign {
        code: campaign.code.clone(),
        multiplier_percent: campaign.multiplier_percent,
        bonus_points: campaign.bonus_points,
        categories: campaign.categories.clone(),
        skus: campaign.skus.clone(),
        tiers: campaign.tiers.clone(),
        starts_micros: campaign.starts_micros,
        ends_micros: campaign.ends_micros,
    }
}

pub(super) fn clawback(facts: &LoyaltyRulesClawbackFacts) -> Result<wit::ClawbackFacts, Misfit> {
    let balances = facts.balances.unwrap_or_default();
    Ok(wit::ClawbackFacts {
        cause: match facts.cause() {
            Cause::Refund => wit::ClawbackCause::Refund,
            Cause::Exchange => wit::ClawbackCause::Exchange,
            Cause::LinesCancelled => wit::ClawbackCause::LinesCancelled,
            Cause::Referral => wit::ClawbackCause::Referral,
            Cause::Unspecified => return Err(Misfit("facts.cause")),
        },
        order: order(facts.order.as_ref().ok_or(Misfit("facts.order"))?)?,
        tier: facts.tier.clone(),
        balances: wit::Balances {
            pending: balances.pending,
            active: balances.active,
            debt: balances.debt,
        },
        points: facts.points,
    })
}

pub(super) fn said_earning(earning: wit::Earning) -> LoyaltyRulesEarning {
    LoyaltyRulesEarning {
        lines: earning
            .lines
            .into_iter()
            .map(|line| LoyaltyRulesLineEarning {
                line_id: line.line_id,
                milli_points: line.milli_points,
                reasons: said_reasons(line.reasons),
            })
            .collect(),
        bonuses: earning
            .bonuses
            .into_iter()
            .map(|bonus| LoyaltyRulesBonus {
                campaign_code: bonus.campaign_code,
                points: bonus.points,
                reasons: said_reasons(bonus.reasons),
            })
            .collect(),
        reasons: said_reasons(earning.reasons),
    }
}

pub(super) fn said_clawback(decision: wit::ClawbackDecision) -> LoyaltyRulesClawbackDecision {
    LoyaltyRulesClawbackDecision {
        shortfall: match decision.shortfall {
            wit::Shortfall::GoNegative => Shortfall::GoNegative,
            wit::Shortfall::FloorAtZero => Shortfall::FloorAtZero,
        }
        .into(),
        reasons: said_reasons(decision.reasons),
    }
}
