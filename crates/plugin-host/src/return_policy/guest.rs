//! Messages ↔ what a guest is given and gives.
//!
//! Going in, a message is the host's own or was recorded by it; an enum value that it doesn't know
//! is a record from another contract. Coming out, everything is kept as it was said: judging is
//! `check`'s.

use postlude_proto::runs::v1::{
    ReturnPolicyDecision, ReturnPolicyFacts, ReturnPolicyLineDecision, ReturnPolicyLineTerms,
    ReturnPolicyOrder, ReturnPolicyOrderLine, ReturnPolicyRequestLine, ReturnPolicyTerms,
    return_policy_facts::Method,
    return_policy_line_decision::Outcome,
    return_policy_line_terms::RestockingFee,
    return_policy_order::{BuyerKind, Channel, Fulfilment},
    return_policy_order_line::WithdrawalExemption,
    return_policy_request_line::Reason,
};

use super::bindings::wit;
use crate::shared::{Misfit, money, reason, said_money, said_reasons};

pub(super) fn order(order: &ReturnPolicyOrder) -> Result<wit::Order, Misfit> {
    Ok(wit::Order {
        order_id: order.order_id.clone(),
        currency_code: order.currency_code.clone(),
        country_code: order.country_code.clone(),
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
        fulfilment: match order.fulfilment() {
            Fulfilment::Ship => wit::Fulfilment::Ship,
            Fulfilment::PickUpInStore => wit::Fulfilment::PickUpInStore,
            Fulfilment::Unspecified => return Err(Misfit("order.fulfilment")),
        },
        tax_included: order.tax_included,
        shipping_minor: order.shipping_minor,
        placed_micros: order.placed_micros,
        lines: order.lines.iter().map(order_line).collect(),
    })
}

fn order_line(line: &ReturnPolicyOrderLine) -> wit::OrderLine {
    wit::OrderLine {
        line_id: line.line_id.clone(),
        sku: line.sku.clone(),
        category: line.category.clone(),
        quantity: line.quantity,
        net_minor: line.net_minor,
        tax_minor: line.tax_minor,
        final_sale: line.final_sale,
        gift: line.gift,
        warranty_months: line.warranty_months,
        withdrawal_exemption: match line.withdrawal_exemption() {
            WithdrawalExemption::Unspecified => wit::WithdrawalExemption::None,
            WithdrawalExemption::CustomMade => wit::WithdrawalExemption::CustomMade,
            WithdrawalExemption::Perishable => wit::WithdrawalExemption::Perishable,
            WithdrawalExemption::SealedHygiene => wit::WithdrawalExemption::SealedHygiene,
            WithdrawalExemption::SealedMedia => wit::WithdrawalExemption::SealedMedia,
        },
    }
}

pub(super) fn facts(facts: &ReturnPolicyFacts) -> Result<wit::Facts, Misfit> {
    Ok(wit::Facts {
        order: order(facts.order.as_ref().ok_or(Misfit("facts.order"))?)?,
        request: facts
            .request
            .iter()
            .map(request_line)
            .collect::<Result<_, _>>()?,
        method: match facts.method() {
            Method::Mail => wit::ReturnMethod::Mail,
            Method::Store => wit::ReturnMethod::Store,
            Method::Pickup => wit::ReturnMethod::Pickup,
            Method::Unspecified => return Err(Misfit("facts.method")),
        },
        last_delivered_micros: facts.last_delivered_micros,
        captured_minor: facts.captured_minor,
        refunded_minor: facts.refunded_minor,
        customer: wit::CustomerHistory {
            order_count: facts.customer_order_count,
            return_count: facts.customer_return_count,
            refunded_minor: facts.customer_refunded_minor,
        },
    })
}

fn request_line(line: &ReturnPolicyRequestLine) -> Result<wit::RequestLine, Misfit> {
    Ok(wit::RequestLine {
        line_id: line.line_id.clone(),
        quantity: line.quantity,
        reason: match line.reason() {
            Reason::ChangedMind => wit::ReturnReason::ChangedMind,
            Reason::WrongSize => wit::ReturnReason::WrongSize,
            Reason::NotAsDescribed => wit::ReturnReason::NotAsDescribed,
            Reason::Defective => wit::ReturnReason::Defective,
            Reason::Damaged => wit::ReturnReason::Damaged,
            Reason::WrongItem => wit::ReturnReason::WrongItem,
            Reason::LateDelivery => wit::ReturnReason::LateDelivery,
            Reason::Withdrawal => wit::ReturnReason::Withdrawal,
            Reason::Unspecified => return Err(Misfit("facts.request.reason")),
        },
        unsealed: line.unsealed,
        delivered_micros: line.delivered_micros,
        shipped_micros: line.shipped_micros,
        delivered_quantity: line.delivered_quantity,
        returned_quantity: line.returned_quantity,
        paid_minor: line.paid_minor,
    })
}

pub(super) fn terms(terms: &ReturnPolicyTerms) -> Result<wit::OrderTerms, Misfit> {
    Ok(wit::OrderTerms {
        lines: terms
            .lines
            .iter()
            .map(|line| wit::LineTerms {
                line_id: line.line_id.clone(),
                window_days: line.window_days,
                final_sale: line.final_sale,
                withdrawal_right: line.withdrawal_right,
                restocking_fee: match &line.restocking_fee {
                    None => wit::RestockingFee::Free,
                    Some(RestockingFee::RestockingBasisPoints(points)) => {
                        wit::RestockingFee::BasisPoints(*points)
                    }
                    Some(RestockingFee::RestockingPerUnit(fee)) => {
                        wit::RestockingFee::PerUnit(money(fee))
                    }
                },
                reasons: line.reasons.iter().map(reason).collect(),
            })
            .collect(),
        return_shipping_fee: money(
            terms
                .return_shipping_fee
                .as_ref()
                .ok_or(Misfit("terms.return_shipping_fee"))?,
        ),
    })
}

pub(super) fn said_terms(terms: wit::OrderTerms) -> ReturnPolicyTerms {
    ReturnPolicyTerms {
        lines: terms
            .lines
            .into_iter()
            .map(|line| ReturnPolicyLineTerms {
                line_id: line.line_id,
                window_days: line.window_days,
                final_sale: line.final_sale,
                withdrawal_right: line.withdrawal_right,
                restocking_fee: match line.restocking_fee {
                    wit::RestockingFee::Free => None,
                    wit::RestockingFee::BasisPoints(points) => {
                        Some(RestockingFee::RestockingBasisPoints(points))
                    }
                    wit::RestockingFee::PerUnit(fee) => {
                        Some(RestockingFee::RestockingPerUnit(said_money(fee)))
                    }
                },
                reasons: said_reasons(line.reasons),
            })
            .collect(),
        return_shipping_fee: Some(said_money(terms.return_shipping_fee)),
    }
}

pub(super) fn said_decision(decision: wit::Decision) -> ReturnPolicyDecision {
    ReturnPolicyDecision {
        lines: decision
            .lines
            .into_iter()
            .map(|line| ReturnPolicyLineDecision {
                line_id: line.line_id,
                outcome: match line.outcome {
                    wit::Outcome::Approve => Outcome::Approve,
                    wit::Outcome::Decline => Outcome::Decline,
                    wit::Outcome::Review => Outcome::Review,
                }
                .into(),
                restocking_fee: Some(said_money(line.restocking_fee)),
                return_shipping_fee: Some(said_money(line.return_shipping_fee)),
                refund_shipping: line.refund_shipping,
                keep_item: line.keep_item,
                statutory_withdrawal: line.statutory_withdrawal,
                return_by_micros: line.return_by_micros,
                reasons: said_reasons(line.reasons),
            })
            .collect(),
        reasons: said_reasons(decision.reasons),
    }
}
