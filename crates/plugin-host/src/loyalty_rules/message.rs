//! Facts → messages, the recorded form.

use postlude_proto::{
    runs::v1::{
        LoyaltyRulesBalances, LoyaltyRulesCampaign, LoyaltyRulesClawbackFacts,
        LoyaltyRulesEarnFacts, LoyaltyRulesMember, LoyaltyRulesOrder, LoyaltyRulesOrderLine,
        loyalty_rules_clawback_facts::Cause as CauseMessage,
        loyalty_rules_earn_facts::Purpose as PurposeMessage,
        loyalty_rules_order::{
            BuyerKind as BuyerKindMessage, Channel as ChannelMessage, Origin as OriginMessage,
        },
    },
    r#type::v1::Money,
};

use super::types::{
    BuyerKind, Campaign, Channel, ClawbackCause, ClawbackFacts, EarnFacts, Member, Order,
    OrderLine, Origin, Purpose,
};

pub(super) fn order(order: &Order) -> LoyaltyRulesOrder {
    LoyaltyRulesOrder {
        order_id: order.order_id.clone(),
        currency_code: order.currency.as_str().to_owned(),
        currency_digits: digits(order),
        buyer_kind: match order.buyer_kind {
            BuyerKind::Consumer => BuyerKindMessage::Consumer,
            BuyerKind::Business => BuyerKindMessage::Business,
        }
        .into(),
        channel: match order.channel {
            Channel::Online => ChannelMessage::Online,
            Channel::Store => ChannelMessage::Store,
            Channel::Marketplace => ChannelMessage::Marketplace,
        }
        .into(),
        origin: match order.origin {
            Origin::Live => OriginMessage::Live,
            Origin::Backfill => OriginMessage::Backfill,
        }
        .into(),
        placed_micros: order.placed.as_micros(),
        lines: order.lines.iter().map(order_line).collect(),
    }
}

/// Digits of the minor unit of an order's currency.
pub(super) fn digits(order: &Order) -> u32 {
    u32::try_from(order.currency.minor_digits()).unwrap_or(u32::MAX)
}

fn order_line(line: &OrderLine) -> LoyaltyRulesOrderLine {
    LoyaltyRulesOrderLine {
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

pub(super) fn earn(facts: &EarnFacts) -> LoyaltyRulesEarnFacts {
    LoyaltyRulesEarnFacts {
        purpose: match facts.purpose {
            Purpose::Order => PurposeMessage::Order,
            Purpose::Simulation => PurposeMessage::Simulation,
            Purpose::Exchange => PurposeMessage::Exchange,
        }
        .into(),
        order: Some(order(&facts.order)),
        member: Some(member(&facts.member)),
        campaigns: facts.campaigns.iter().map(campaign).collect(),
    }
}

fn member(member: &Member) -> LoyaltyRulesMember {
    LoyaltyRulesMember {
        tier: member.tier.clone(),
        enrolled_micros: member.enrolled.as_micros(),
        birthday_month: member.birthday_month,
        lifetime_points: member.lifetime_points,
        tier_window_spend: Some(Money {
            currency_code: member.tier_window_spend.currency.as_str().to_owned(),
            amount_minor: member.tier_window_spend.amount_minor,
        }),
    }
}

fn campaign(campaign: &Campaign) -> LoyaltyRulesCampaign {
    LoyaltyRulesCampaign {
        code: campaign.code.clone(),
        multiplier_percent: campaign.multiplier_percent,
        bonus_points: campaign.bonus_points,
        categories: campaign.categories.clone(),
        skus: campaign.skus.clone(),
        tiers: campaign.tiers.clone(),
        starts_micros: campaign.starts.as_micros(),
        ends_micros: campaign.ends.map(postlude_kernel::Timestamp::as_micros),
    }
}

pub(super) fn clawback(facts: &ClawbackFacts) -> LoyaltyRulesClawbackFacts {
    LoyaltyRulesClawbackFacts {
        cause: match facts.cause {
            ClawbackCause::Refund => CauseMessage::Refund,
            ClawbackCause::Exchange => CauseMessage::Exchange,
            ClawbackCause::LinesCancelled => CauseMessage::LinesCancelled,
            ClawbackCause::Referral => CauseMessage::Referral,
        }
        .into(),
        order: Some(order(&facts.order)),
        tier: facts.tier.clone(),
        balances: Some(LoyaltyRulesBalances {
            pending: facts.balances.pending,
            active: facts.balances.active,
            debt: facts.balances.debt,
        }),
        points: facts.points,
    }
}
