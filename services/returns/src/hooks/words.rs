//! The domain's words and the hook's, which are the same words in two crates.

use postlude_kernel::Timestamp;
use postlude_plugin_host::{self as said, return_policy as hook};

use super::Facts;
use crate::domain::{
    Reason, ReasonSource,
    limits::ReturnableLine,
    order::{Channel, Exemption, Order},
    policy::{Answer, LineAnswer, Outcome, Request, RequestedLine},
    refund::{next_units, share},
    return_request::{Method, ReturnReason},
    terms::{LineTerms, Restocking, Terms},
    window::{TransitAllowance, delivered, order_delivered},
};

/// An order as the hook sees it: cancelled units are gone.
pub(super) fn order(order: &Order) -> hook::Order {
    hook::Order {
        order_id: order.order_id.clone(),
        currency: order.currency,
        country_code: order.destination_country.clone(),
        buyer_kind: if order.consumer {
            hook::BuyerKind::Consumer
        } else {
            hook::BuyerKind::Business
        },
        channel: match order.channel {
            Channel::Online => hook::Channel::Online,
            Channel::Store => hook::Channel::Store,
            Channel::Marketplace => hook::Channel::Marketplace,
        },
        fulfilment: if order.picked_up {
            hook::Fulfilment::PickUpInStore
        } else {
            hook::Fulfilment::Ship
        },
        tax_included: order.tax_included,
        shipping_minor: order.refundable_shipping(),
        placed: order.placed,
        lines: order
            .lines
            .iter()
            .map(|line| hook::OrderLine {
                line_id: line.line_id.clone(),
                sku: line.sku.clone(),
                category: line.category.clone(),
                quantity: line.kept(),
                net_minor: share(order.currency, line.net, line.kept(), line.quantity),
                tax_minor: share(order.currency, line.tax, line.kept(), line.quantity),
                final_sale: line.final_sale,
                gift: line.gift,
                warranty_months: line.warranty_months,
                withdrawal_exemption: match line.exemption {
                    Exemption::None => hook::WithdrawalExemption::None,
                    Exemption::CustomMade => hook::WithdrawalExemption::CustomMade,
                    Exemption::Perishable => hook::WithdrawalExemption::Perishable,
                    Exemption::SealedHygiene => hook::WithdrawalExemption::SealedHygiene,
                    Exemption::SealedMedia => hook::WithdrawalExemption::SealedMedia,
                },
            })
            .collect(),
    }
}

/// All that a decision rests on.
pub(super) fn facts(
    facts: &Facts,
    request: &Request,
    allowance: TransitAllowance,
    now: Timestamp,
) -> hook::Facts {
    hook::Facts {
        order: order(&facts.order),
        request: request
            .lines
            .iter()
            .map(|line| request_line(facts, line, allowance, now))
            .collect(),
        method: match request.method {
            Method::Mail => hook::ReturnMethod::Mail,
            Method::Store => hook::ReturnMethod::Store,
            Method::Pickup => hook::ReturnMethod::Pickup,
        },
        last_delivered: order_delivered(&facts.order, allowance, now),
        captured_minor: facts.payment.captured,
        refunded_minor: facts
            .payment
            .refunded_externally
            .saturating_add(facts.payment.charged_back)
            .saturating_add(facts.payment.allocated),
        customer: hook::CustomerHistory {
            order_count: facts.history.orders,
            return_count: facts.history.returns,
            refunded_minor: facts.history.refunded,
        },
    }
}

fn request_line(
    facts: &Facts,
    asked: &RequestedLine,
    allowance: TransitAllowance,
    now: Timestamp,
) -> hook::RequestLine {
    let held = delivered(&facts.order, &asked.line_id, allowance, now);
    let taken = facts
        .returnable
        .iter()
        .find(|limit: &&ReturnableLine| limit.line_id == asked.line_id)
        .map_or(0, |limit| limit.allocated);
    let (net, tax) = facts.order.line(&asked.line_id).map_or((0, 0), |line| {
        next_units(facts.order.currency, line, taken, asked.quantity)
    });
    hook::RequestLine {
        line_id: asked.line_id.clone(),
        quantity: asked.quantity,
        reason: match asked.reason {
            ReturnReason::ChangedMind => hook::ReturnReason::ChangedMind,
            ReturnReason::WrongSize => hook::ReturnReason::WrongSize,
            ReturnReason::NotAsDescribed => hook::ReturnReason::NotAsDescribed,
            ReturnReason::Defective => hook::ReturnReason::Defective,
            ReturnReason::Damaged => hook::ReturnReason::Damaged,
            ReturnReason::WrongItem => hook::ReturnReason::WrongItem,
            // No request says that it never came; lateness is next to it.
            ReturnReason::LateDelivery | ReturnReason::NotReceived => {
                hook::ReturnReason::LateDelivery
            }
            ReturnReason::Withdrawal => hook::ReturnReason::Withdrawal,
        },
        unsealed: asked.unsealed,
        delivered: held.last,
        shipped: facts
            .order
            .shipments
            .iter()
            .filter(|shipment| shipment.lines.iter().any(|(id, _)| *id == asked.line_id))
            .map(|shipment| shipment.shipped)
            .max(),
        delivered_quantity: held.units,
        returned_quantity: taken,
        paid_minor: net.saturating_add(tax),
    }
}

/// Terms as they are stored.
pub(super) fn terms(terms: hook::OrderTerms) -> Terms {
    Terms {
        lines: terms
            .lines
            .into_iter()
            .map(|line| LineTerms {
                line_id: line.line_id,
                window_days: line.window_days,
                final_sale: line.final_sale,
                withdrawal_right: line.withdrawal_right,
                restocking: match line.restocking_fee {
                    hook::RestockingFee::Free => Restocking::Free,
                    hook::RestockingFee::BasisPoints(points) => Restocking::BasisPoints(points),
                    hook::RestockingFee::PerUnitMinor(fee) => Restocking::PerUnit(fee),
                },
                reasons: line.reasons.into_iter().map(reason).collect(),
            })
            .collect(),
        return_shipping_fee: terms.return_shipping_fee_minor,
    }
}

/// Stored terms as the hook sees them.
pub(super) fn terms_message(terms: &Terms) -> hook::OrderTerms {
    hook::OrderTerms {
        lines: terms
            .lines
            .iter()
            .map(|line| hook::LineTerms {
                line_id: line.line_id.clone(),
                window_days: line.window_days,
                final_sale: line.final_sale,
                withdrawal_right: line.withdrawal_right,
                restocking_fee: match line.restocking {
                    Restocking::Free => hook::RestockingFee::Free,
                    Restocking::BasisPoints(points) => hook::RestockingFee::BasisPoints(points),
                    Restocking::PerUnit(fee) => hook::RestockingFee::PerUnitMinor(fee),
                },
                reasons: line
                    .reasons
                    .iter()
                    .map(|reason| said::Reason {
                        code: reason.code.clone(),
                        text: reason.text.clone(),
                    })
                    .collect(),
            })
            .collect(),
        return_shipping_fee_minor: terms.return_shipping_fee,
    }
}

/// A plugin's decision.
pub(super) fn answer(decision: hook::Decision) -> Answer {
    Answer {
        lines: decision
            .lines
            .into_iter()
            .map(|line| LineAnswer {
                outcome: match line.outcome {
                    hook::Outcome::Approve => Outcome::Approved,
                    hook::Outcome::Decline => Outcome::Declined,
                    hook::Outcome::Review => Outcome::NeedsReview,
                },
                restocking_fee: line.restocking_fee_minor,
                return_shipping_fee: line.return_shipping_fee_minor,
                refund_shipping: line.refund_shipping,
                statutory_withdrawal: line.statutory_withdrawal,
                keep_item: line.keep_item,
                return_by: line.return_by,
                reasons: line.reasons.into_iter().map(reason).collect(),
            })
            .collect(),
        reasons: decision.reasons.into_iter().map(reason).collect(),
    }
}

fn reason(reason: said::Reason) -> Reason {
    Reason::new(ReasonSource::Plugin, reason.code, reason.text)
}
