//! A return ↔ its message, in two forms: as it is stored, and as it is shown.

use postlude_proto::returns::v1 as proto;

use super::{
    Unfit, count, count_message, currency, minor, money_message, optional_time, reason, time,
    time_message, words,
};
use crate::domain::{
    refund::Breakdown,
    return_request::{
        Exchange, Label, PickupWindow, Refund, RefundState, Replacement, Return, ReturnLine, Scan,
    },
};

/// A return as the row keeps it: whole, but for the label's bytes.
pub(crate) fn stored(state: &Return) -> proto::Return {
    let mut message = public(state);
    for (message, line) in message.lines.iter_mut().zip(&state.lines) {
        message.comment.clone_from(&line.comment);
    }
    message
}

/// A return as lists, replies and events show it: without the customer's words and without the
/// label's bytes.
pub(crate) fn public(state: &Return) -> proto::Return {
    proto::Return {
        return_id: state.return_id.clone(),
        order_id: state.order_id.clone(),
        customer_id: state.customer_id.clone(),
        state: words::state_message(state.state()).into(),
        lines: state.lines.iter().map(line).collect(),
        method: words::method_message(state.method).into(),
        refund_method: words::refund_method_message(state.refund_method).into(),
        label: state.label.as_ref().map(label),
        refunds: state.refunds.iter().map(refund).collect(),
        reasons: reason::messages(&state.reasons),
        decision: Some(reason::decision_message(&state.decision)),
        quote_id: state.quote_id.clone(),
        scans: state.scans.iter().map(scan).collect(),
        revision: state.revision,
        etag: etag(state.version),
        create_time: Some(time_message(state.created)),
        update_time: Some(time_message(state.updated)),
        return_by_time: state.return_by.map(time_message),
        currency_code: state.currency.as_str().to_owned(),
        exchanges: state.exchanges.iter().map(exchange).collect(),
        gift_recipient: state.gift_recipient.clone(),
        claim_id: state.claim_id.clone().unwrap_or_default(),
    }
}

/// What changes with every change.
pub(crate) fn etag(version: i64) -> String {
    version.to_string()
}

/// What a refund is made of, as a message.
pub(crate) fn breakdown_message(breakdown: &Breakdown) -> proto::RefundBreakdown {
    let money = |amount| Some(money_message(breakdown.currency, amount));
    proto::RefundBreakdown {
        net: money(breakdown.net),
        tax: money(breakdown.tax),
        shipping: money(breakdown.shipping),
        restocking_fee: money(breakdown.restocking_fee),
        return_shipping_fee: money(breakdown.return_shipping_fee),
        total: money(breakdown.total()),
        bonus: money(breakdown.bonus),
        goodwill: money(breakdown.goodwill),
        replacement: money(breakdown.replacement),
    }
}

/// Reads a breakdown back.
pub(crate) fn breakdown(
    field: &str,
    message: Option<&proto::RefundBreakdown>,
) -> Result<Breakdown, Unfit> {
    let missing = || Unfit::new(field, "is required");
    let message = message.ok_or_else(missing)?;
    let code = message.total.as_ref().ok_or_else(missing)?;
    let currency = currency(field, &code.currency_code)?;
    Ok(Breakdown {
        currency,
        net: minor(field, currency, message.net.as_ref())?,
        tax: minor(field, currency, message.tax.as_ref())?,
        shipping: minor(field, currency, message.shipping.as_ref())?,
        restocking_fee: minor(field, currency, message.restocking_fee.as_ref())?,
        return_shipping_fee: minor(field, currency, message.return_shipping_fee.as_ref())?,
        bonus: minor(field, currency, message.bonus.as_ref())?,
        goodwill: minor(field, currency, message.goodwill.as_ref())?,
        replacement: minor(field, currency, message.replacement.as_ref())?,
    })
}

/// A refund as a message.
pub(crate) fn refund(refund: &Refund) -> proto::Refund {
    proto::Refund {
        refund_id: refund.refund_id.clone(),
        state: words::refund_state_message(refund.state).into(),
        breakdown: Some(breakdown_message(&refund.breakdown)),
        return_line_ids: refund.return_line_ids.clone(),
        external_reference: refund.external_reference.clone(),
        failure: refund.failure.clone(),
        attempt_count: 0,
        request_time: Some(time_message(refund.requested)),
        complete_time: refund.completed.map(time_message),
        method: words::refund_method_message(refund.method).into(),
        exchange_id: refund.exchange_id.clone().unwrap_or_default(),
    }
}

/// An exchange as a message.
pub(crate) fn exchange(exchange: &Exchange) -> proto::Exchange {
    proto::Exchange {
        exchange_id: exchange.exchange_id.clone(),
        state: words::exchange_state_message(exchange.state).into(),
        return_line_ids: exchange.return_line_ids.clone(),
        replacement_lines: exchange
            .replacements
            .iter()
            .map(|line| proto::ReplacementLine {
                sku: line.sku.clone(),
                quantity: count_message(line.quantity),
                net: Some(money_message(line.currency, line.net)),
                tax: Some(money_message(line.currency, line.tax)),
            })
            .collect(),
        instant: exchange.instant,
        deadline_time: exchange.deadline.map(time_message),
        refund_id: exchange.refund_id.clone().unwrap_or_default(),
    }
}

fn line(line: &ReturnLine) -> proto::ReturnLine {
    proto::ReturnLine {
        return_line_id: line.return_line_id.clone(),
        line_id: line.line_id.clone(),
        quantity: count_message(line.quantity),
        reason: words::reason_message(line.reason).into(),
        state: words::state_message(line.state).into(),
        received_quantity: count_message(line.received),
        disposition: line
            .disposition
            .map_or(0, |found| words::disposition_message(found).into()),
        refund: Some(breakdown_message(&line.refund)),
        reasons: reason::messages(&line.reasons),
        inspection_note: line.inspection_note.clone(),
        comment: String::new(),
        statutory_withdrawal: line.statutory_withdrawal,
        keep_item: line.keep_item,
    }
}

fn label(label: &Label) -> proto::Label {
    proto::Label {
        label_id: label.label_id.clone(),
        state: words::label_state_message(label.state).into(),
        carrier: label.carrier.clone(),
        tracking_number: label.tracking_number.clone(),
        content: Vec::new(),
        content_type: label.content_type.clone(),
        failure: label.failure.clone(),
        issue_time: label.issued.map(time_message),
        pickup_window: label.pickup.map(|window| proto::PickupWindow {
            start_time: Some(time_message(window.start)),
            end_time: Some(time_message(window.end)),
        }),
    }
}

fn scan(scan: &Scan) -> proto::ReturnScan {
    proto::ReturnScan {
        event_id: scan.event_id.clone(),
        occurred_time: Some(time_message(scan.occurred)),
        location: scan.location.clone(),
        description: scan.description.clone(),
    }
}

/// Reads when a carrier comes.
pub(crate) fn parse_pickup(window: &proto::PickupWindow) -> Result<PickupWindow, Unfit> {
    let start = time("pickup_window.start_time", window.start_time.as_ref())?;
    let end = time("pickup_window.end_time", window.end_time.as_ref())?;
    if end <= start {
        return Err(Unfit::new(
            "pickup_window.end_time",
            "must be after the start",
        ));
    }
    Ok(PickupWindow { start, end })
}

/// Reads a scan.
pub(crate) fn parse_scan(scan: proto::ReturnScan) -> Result<Scan, Unfit> {
    Ok(Scan {
        occurred: time("scan.occurred_time", scan.occurred_time.as_ref())?,
        event_id: scan.event_id,
        location: scan.location,
        description: scan.description,
    })
}

/// Reads a stored return back.
pub(crate) fn parse(message: proto::Return) -> Result<Return, Unfit> {
    let lines: Vec<ReturnLine> = message
        .lines
        .into_iter()
        .map(parse_line)
        .collect::<Result<_, _>>()?;
    let currency = currency("currency_code", &message.currency_code)?;
    Ok(Return {
        return_id: message.return_id,
        order_id: message.order_id,
        customer_id: message.customer_id,
        currency,
        lines,
        method: words::method("method", message.method)?,
        refund_method: words::refund_method("refund_method", message.refund_method)?,
        gift_recipient: message.gift_recipient,
        exchanges: message
            .exchanges
            .into_iter()
            .map(|exchange| parse_exchange(exchange, currency))
            .collect::<Result<_, _>>()?,
        label: message.label.map(parse_label).transpose()?,
        refunds: message
            .refunds
            .into_iter()
            .map(parse_refund)
            .collect::<Result<_, _>>()?,
        reasons: reason::parse_all(message.reasons),
        decision: reason::decision(message.decision.unwrap_or_default()),
        quote_id: message.quote_id,
        claim_id: named(message.claim_id),
        scans: message
            .scans
            .into_iter()
            .map(parse_scan)
            .collect::<Result<_, _>>()?,
        revision: message.revision,
        version: message
            .etag
            .parse()
            .map_err(|_| Unfit::new("etag", "is no number"))?,
        created: time("create_time", message.create_time.as_ref())?,
        updated: time("update_time", message.update_time.as_ref())?,
        return_by: optional_time("return_by_time", message.return_by_time.as_ref())?,
    })
}

fn parse_line(line: proto::ReturnLine) -> Result<ReturnLine, Unfit> {
    Ok(ReturnLine {
        quantity: count("lines.quantity", line.quantity)?,
        reason: words::reason("lines.reason", line.reason)?,
        state: words::state("lines.state", line.state)?,
        received: count("lines.received_quantity", line.received_quantity)?,
        disposition: match line.disposition {
            0 => None,
            found => Some(words::disposition("lines.disposition", found)?),
        },
        refund: breakdown("lines.refund", line.refund.as_ref())?,
        reasons: reason::parse_all(line.reasons),
        return_line_id: line.return_line_id,
        line_id: line.line_id,
        comment: line.comment,
        statutory_withdrawal: line.statutory_withdrawal,
        keep_item: line.keep_item,
        inspection_note: line.inspection_note,
    })
}

fn parse_label(label: proto::Label) -> Result<Label, Unfit> {
    Ok(Label {
        state: words::label_state("label.state", label.state)?,
        issued: optional_time("label.issue_time", label.issue_time.as_ref())?,
        pickup: label.pickup_window.as_ref().map(parse_pickup).transpose()?,
        label_id: label.label_id,
        carrier: label.carrier,
        tracking_number: label.tracking_number,
        content_type: label.content_type,
        failure: label.failure,
    })
}

fn parse_refund(refund: proto::Refund) -> Result<Refund, Unfit> {
    let state: RefundState = words::refund_state("refunds.state", refund.state)?;
    Ok(Refund {
        state,
        breakdown: breakdown("refunds.breakdown", refund.breakdown.as_ref())?,
        requested: time("refunds.request_time", refund.request_time.as_ref())?,
        completed: optional_time("refunds.complete_time", refund.complete_time.as_ref())?,
        refund_id: refund.refund_id,
        return_line_ids: refund.return_line_ids,
        external_reference: refund.external_reference,
        failure: refund.failure,
        method: words::refund_method("refunds.method", refund.method)?,
        exchange_id: named(refund.exchange_id),
    })
}

fn parse_exchange(
    exchange: proto::Exchange,
    currency: postlude_kernel::Currency,
) -> Result<Exchange, Unfit> {
    Ok(Exchange {
        exchange_id: exchange.exchange_id,
        state: words::exchange_state("exchanges.state", exchange.state)?,
        return_line_ids: exchange.return_line_ids,
        replacements: parse_replacements(exchange.replacement_lines, currency)?,
        instant: exchange.instant,
        deadline: optional_time("exchanges.deadline_time", exchange.deadline_time.as_ref())?,
        refund_id: named(exchange.refund_id),
    })
}

/// Reads what is given in exchange: amounts in the order's currency, none below zero.
pub(crate) fn parse_replacements(
    lines: Vec<proto::ReplacementLine>,
    currency: postlude_kernel::Currency,
) -> Result<Vec<Replacement>, Unfit> {
    lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let field = |name: &str| format!("replacement_lines[{index}].{name}");
            Ok(Replacement {
                quantity: count(&field("quantity"), line.quantity)?,
                currency,
                net: paid(&field("net"), currency, line.net.as_ref())?,
                tax: paid(&field("tax"), currency, line.tax.as_ref())?,
                sku: line.sku,
            })
        })
        .collect()
}

/// An amount that is zero or more.
pub(crate) fn paid(
    field: &str,
    currency: postlude_kernel::Currency,
    money: Option<&postlude_proto::r#type::v1::Money>,
) -> Result<i64, Unfit> {
    match minor(field, currency, money)? {
        amount if amount < 0 => Err(Unfit::new(field, "must not be negative")),
        amount => Ok(amount),
    }
}

fn named(id: String) -> Option<String> {
    Some(id).filter(|id| !id.is_empty())
}
