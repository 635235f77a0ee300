//! A claim ↔ its message, in two forms: as it is stored, and as it is shown; and what callers ask of it.

use postlude_proto::returns::v1 as proto;

use super::{
    Unfit, count, count_message, reason,
    request::{parse_method, parse_refund_method},
    return_request::etag,
    time, time_message, words,
};
use crate::domain::{
    claim::{
        Claim, ClaimKind, ClaimLine, ClaimReplacement, Claiming, RegisteredWarranty, Resolution,
        ResolutionKind, Resolving,
    },
    return_request::RefundMethod,
};

/// A claim as the row keeps it, and as GetClaim shows it: whole.
pub(crate) fn stored(claim: &Claim) -> proto::Claim {
    proto::Claim {
        description: claim.description.clone(),
        evidence_uris: claim.evidence.clone(),
        ..public(claim)
    }
}

/// A claim as lists, replies and events show it: without the customer's words.
pub(crate) fn public(claim: &Claim) -> proto::Claim {
    proto::Claim {
        claim_id: claim.claim_id.clone(),
        order_id: claim.order_id.clone(),
        customer_id: claim.customer_id.clone(),
        kind: words::claim_kind_message(claim.kind).into(),
        lines: claim
            .lines
            .iter()
            .map(|line| proto::ClaimLine {
                line_id: line.line_id.clone(),
                quantity: count_message(line.quantity),
            })
            .collect(),
        state: words::claim_state_message(claim.state).into(),
        resolution: claim.resolution.as_ref().map(resolution),
        reasons: reason::messages(&claim.reasons),
        description: String::new(),
        evidence_uris: Vec::new(),
        warranty_reference: claim.warranty_reference.clone(),
        revision: claim.revision,
        etag: etag(claim.revision),
        create_time: Some(time_message(claim.created)),
        update_time: Some(time_message(claim.updated)),
    }
}

fn resolution(resolution: &Resolution) -> proto::ClaimResolution {
    proto::ClaimResolution {
        kind: words::resolution_kind_message(resolution.kind).into(),
        note: resolution.note.clone(),
        return_id: resolution.return_id.clone().unwrap_or_default(),
        replacement_lines: resolution
            .replacements
            .iter()
            .map(|line| proto::ClaimReplacement {
                sku: line.sku.clone(),
                quantity: count_message(line.quantity),
            })
            .collect(),
        resolve_time: Some(time_message(resolution.time)),
    }
}

/// Reads a stored claim back.
pub(crate) fn parse(message: proto::Claim) -> Result<Claim, Unfit> {
    Ok(Claim {
        kind: words::claim_kind("kind", message.kind)?,
        lines: parse_lines(message.lines)?,
        state: words::claim_state("state", message.state)?,
        resolution: message.resolution.map(parse_resolution).transpose()?,
        reasons: reason::parse_all(message.reasons),
        created: time("create_time", message.create_time.as_ref())?,
        updated: time("update_time", message.update_time.as_ref())?,
        claim_id: message.claim_id,
        order_id: message.order_id,
        customer_id: message.customer_id,
        description: message.description,
        evidence: message.evidence_uris,
        warranty_reference: message.warranty_reference,
        revision: message.revision,
    })
}

fn parse_resolution(message: proto::ClaimResolution) -> Result<Resolution, Unfit> {
    Ok(Resolution {
        kind: words::resolution_kind("resolution.kind", message.kind)?,
        replacements: parse_replacements(message.replacement_lines)?,
        time: time("resolution.resolve_time", message.resolve_time.as_ref())?,
        note: message.note,
        return_id: Some(message.return_id).filter(|id| !id.is_empty()),
    })
}

/// Reads what is claimed. A line stands once.
pub(crate) fn parse_claiming(request: &proto::CreateClaimRequest) -> Result<Claiming, Unfit> {
    let kind = words::claim_kind("kind", request.kind)?;
    if kind != ClaimKind::Warranty && request.registered_warranty.is_some() {
        return Err(Unfit::new(
            "registered_warranty",
            "must be absent unless the kind is WARRANTY",
        ));
    }
    let lines = parse_lines(request.lines.clone())?;
    for (index, line) in lines.iter().enumerate() {
        if lines
            .iter()
            .take(index)
            .any(|other| other.line_id == line.line_id)
        {
            let field = format!("lines[{index}].line_id");
            return Err(Unfit::new(field, "stands twice in the request"));
        }
    }
    Ok(Claiming {
        kind,
        lines,
        description: request.description.clone(),
        evidence: request.evidence_uris.clone(),
        warranty: request
            .registered_warranty
            .as_ref()
            .map(|warranty| {
                Ok(RegisteredWarranty {
                    reference: warranty.reference.clone(),
                    until: time(
                        "registered_warranty.expire_time",
                        warranty.expire_time.as_ref(),
                    )?,
                })
            })
            .transpose()?,
    })
}

/// Reads what is done about a claim; what goes only with another resolution is refused, not ignored.
pub(crate) fn parse_resolving(request: &proto::ResolveClaimRequest) -> Result<Resolving, Unfit> {
    let kind = words::resolution_kind("resolution", request.resolution)?;
    let only = |field: &str, given: bool, with: ResolutionKind, name: &str| {
        if given && kind != with {
            Err(Unfit::new(
                field,
                format!("must be absent unless the resolution is {name}"),
            ))
        } else {
            Ok(())
        }
    };
    only(
        "refund_method",
        request.refund_method != 0,
        ResolutionKind::Refund,
        "REFUND",
    )?;
    only(
        "refund_shipping",
        request.refund_shipping,
        ResolutionKind::Refund,
        "REFUND",
    )?;
    only(
        "replacement_lines",
        !request.replacement_lines.is_empty(),
        ResolutionKind::Replacement,
        "REPLACEMENT",
    )?;
    if request.return_required && kind == ResolutionKind::Denial {
        return Err(Unfit::new("return_required", "must be false with DENIAL"));
    }
    if request.return_method != 0 && !request.return_required {
        return Err(Unfit::new(
            "return_method",
            "must be absent unless `return_required` is set",
        ));
    }
    let refund_method = match parse_refund_method(request.refund_method)? {
        method @ (RefundMethod::Original | RefundMethod::StoreCredit) => method,
        RefundMethod::GiftCredit | RefundMethod::None => {
            return Err(Unfit::new(
                "refund_method",
                "must be ORIGINAL or STORE_CREDIT for a claim",
            ));
        }
    };
    Ok(Resolving {
        kind,
        note: request.note.clone(),
        return_required: request.return_required,
        return_method: parse_method("return_method", request.return_method)?,
        refund_method,
        refund_shipping: request.refund_shipping,
        replacements: parse_replacements(request.replacement_lines.clone())?,
    })
}

fn parse_lines(lines: Vec<proto::ClaimLine>) -> Result<Vec<ClaimLine>, Unfit> {
    lines
        .into_iter()
        .map(|line| {
            Ok(ClaimLine {
                quantity: count("lines.quantity", line.quantity)?,
                line_id: line.line_id,
            })
        })
        .collect()
}

fn parse_replacements(lines: Vec<proto::ClaimReplacement>) -> Result<Vec<ClaimReplacement>, Unfit> {
    lines
        .into_iter()
        .map(|line| {
            Ok(ClaimReplacement {
                quantity: count("replacement_lines.quantity", line.quantity)?,
                sku: line.sku,
            })
        })
        .collect()
}
