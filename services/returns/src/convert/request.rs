//! What somebody wants to send back.

use std::collections::BTreeSet;

use postlude_proto::returns::v1 as proto;

use super::{Unfit, count, words};
use crate::domain::{
    policy::{Request, RequestedLine},
    return_request::{Method, RefundMethod},
};

/// Reads the lines and the methods of a request. A line stands once: two reasons are two returns.
pub(crate) fn parse(
    lines: Vec<proto::RequestedLine>,
    method: i32,
    refund_method: i32,
) -> Result<Request, Unfit> {
    let mut seen = BTreeSet::new();
    let lines = lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let field = |name: &str| format!("lines[{index}].{name}");
            if !seen.insert(line.line_id.clone()) {
                return Err(Unfit::new(field("line_id"), "stands twice in the request"));
            }
            Ok(RequestedLine {
                quantity: count(&field("quantity"), line.quantity)?,
                reason: words::reason(&field("reason"), line.reason)?,
                line_id: line.line_id,
                comment: line.comment,
                unsealed: line.unsealed,
            })
        })
        .collect::<Result<_, Unfit>>()?;
    Ok(Request {
        lines,
        method: parse_method("method", method)?,
        refund_method: parse_refund_method(refund_method)?,
    })
}

/// How the goods come back: by mail unless somebody wants otherwise.
pub(crate) fn parse_method(field: &str, method: i32) -> Result<Method, Unfit> {
    match method {
        0 => Ok(Method::Mail),
        other => words::method(field, other),
    }
}

/// Where the money goes: back the way it came unless somebody wants otherwise.
pub(crate) fn parse_refund_method(refund_method: i32) -> Result<RefundMethod, Unfit> {
    match refund_method {
        0 => Ok(RefundMethod::Original),
        other => words::refund_method("refund_method", other),
    }
}
