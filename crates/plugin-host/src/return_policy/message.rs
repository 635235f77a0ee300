//! Facts → messages, the recorded form.

use postlude_kernel::{Currency, Timestamp};
use postlude_proto::{
    runs::v1::{
        ReturnPolicyFacts, ReturnPolicyLineTerms, ReturnPolicyOrder, ReturnPolicyOrderLine,
        ReturnPolicyRequestLine, ReturnPolicyTerms,
        return_policy_facts::Method,
        return_policy_line_terms,
        return_policy_order::{
            BuyerKind as BuyerKindMessage, Channel as ChannelMessage,
            Fulfilment as FulfilmentMessage,
        },
        return_policy_order_line::WithdrawalExemption as ExemptionMessage,
        return_policy_request_line::Reason as ReasonMessage,
    },
    r#type::v1::Money,
};

use super::types::{
    BuyerKind, Channel, Facts, Fulfilment, LineTerms, Order, OrderLine, OrderTerms, RequestLine,
    RestockingFee, ReturnMethod, ReturnReason, WithdrawalExemption,
};
use crate::context::Reason;

pub(super) fn order(order: &Order) -> ReturnPolicyOrder {
    ReturnPolicyOrder {
        order_id: order.order_id.clone(),
        currency_code: order.currency.as_str().to_owned(),
        country_code: order.country_code.clone(),
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
        fulfilment: match order.fulfilment {
            Fulfilment::Ship => FulfilmentMessage::Ship,
            Fulfilment::PickUpInStore => FulfilmentMessage::PickUpInStore,
        }
        .into(),
        tax_included: order.tax_included,
        shipping_minor: order.shipping_minor,
        placed_micros: order.placed.as_micros(),
        lines: order.lines.iter().map(order_line).collect(),
    }
}

fn order_line(line: &OrderLine) -> ReturnPolicyOrderLine {
    ReturnPolicyOrderLine {
        line_id: line.line_id.clone(),
        sku: line.sku.clone(),
        category: line.category.clone(),
        quantity: line.quantity,
        net_minor: line.net_minor,
        tax_minor: line.tax_minor,
        final_sale: line.final_sale,
        gift: line.gift,
        warranty_months: line.warranty_months,
        withdrawal_exemption: match line.withdrawal_exemption {
            WithdrawalExemption::None => ExemptionMessage::Unspecified,
            WithdrawalExemption::CustomMade => ExemptionMessage::CustomMade,
            WithdrawalExemption::Perishable => ExemptionMessage::Perishable,
            WithdrawalExemption::SealedHygiene => ExemptionMessage::SealedHygiene,
            WithdrawalExemption::SealedMedia => ExemptionMessage::SealedMedia,
        }
        .into(),
    }
}

pub(super) fn facts(facts: &Facts) -> ReturnPolicyFacts {
    ReturnPolicyFacts {
        order: Some(order(&facts.order)),
        request: facts.request.iter().map(request_line).collect(),
        method: match facts.method {
            ReturnMethod::Mail => Method::Mail,
            ReturnMethod::Store => Method::Store,
            ReturnMethod::Pickup => Method::Pickup,
        }
        .into(),
        last_delivered_micros: facts.last_delivered.map(Timestamp::as_micros),
        captured_minor: facts.captured_minor,
        refunded_minor: facts.refunded_minor,
        customer_order_count: facts.customer.order_count,
        customer_return_count: facts.customer.return_count,
        customer_refunded_minor: facts.customer.refunded_minor,
    }
}

fn request_line(line: &RequestLine) -> ReturnPolicyRequestLine {
    ReturnPolicyRequestLine {
        line_id: line.line_id.clone(),
        quantity: line.quantity,
        reason: match line.reason {
            ReturnReason::ChangedMind => ReasonMessage::ChangedMind,
            ReturnReason::WrongSize => ReasonMessage::WrongSize,
            ReturnReason::NotAsDescribed => ReasonMessage::NotAsDescribed,
            ReturnReason::Defective => ReasonMessage::Defective,
            ReturnReason::Damaged => ReasonMessage::Damaged,
            ReturnReason::WrongItem => ReasonMessage::WrongItem,
            ReturnReason::LateDelivery => ReasonMessage::LateDelivery,
            ReturnReason::Withdrawal => ReasonMessage::Withdrawal,
        }
        .into(),
        unsealed: line.unsealed,
        delivered_micros: line.delivered.map(Timestamp::as_micros),
        shipped_micros: line.shipped.map(Timestamp::as_micros),
        delivered_quantity: line.delivered_quantity,
        returned_quantity: line.returned_quantity,
        paid_minor: line.paid_minor,
    }
}

pub(super) fn terms(terms: &OrderTerms, currency: Currency) -> ReturnPolicyTerms {
    ReturnPolicyTerms {
        lines: terms
            .lines
            .iter()
            .map(|line| line_terms(line, currency))
            .collect(),
        return_shipping_fee: Some(money(terms.return_shipping_fee_minor, currency)),
    }
}

fn line_terms(line: &LineTerms, currency: Currency) -> ReturnPolicyLineTerms {
    use return_policy_line_terms::RestockingFee as Fee;
    ReturnPolicyLineTerms {
        line_id: line.line_id.clone(),
        window_days: line.window_days,
        final_sale: line.final_sale,
        withdrawal_right: line.withdrawal_right,
        restocking_fee: match line.restocking_fee {
            RestockingFee::Free => None,
            RestockingFee::BasisPoints(points) => Some(Fee::RestockingBasisPoints(points)),
            RestockingFee::PerUnitMinor(minor) => {
                Some(Fee::RestockingPerUnit(money(minor, currency)))
            }
        },
        reasons: line.reasons.iter().map(Reason::message).collect(),
    }
}

fn money(amount_minor: i64, currency: Currency) -> Money {
    Money {
        currency_code: currency.as_str().to_owned(),
        amount_minor,
    }
}
