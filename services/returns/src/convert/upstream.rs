//! What another service answered in place of what was asked for → our error.

use tonic::{Code, Status};

use crate::error::Error;

/// An error of orders, asked for an order.
pub(crate) fn order(order_id: &str, status: &Status) -> Error {
    match status.code() {
        Code::NotFound => Error::OrderNotFound(order_id.to_owned()),
        code => other("orders", code, status),
    }
}

/// An error of the registry, asked for a component.
pub(crate) fn component(run_id: &str, digest: &str, status: &Status) -> Error {
    match status.code() {
        Code::NotFound => Error::RunNotReplayable {
            run_id: run_id.to_owned(),
            why: format!("the component {digest} is gone"),
        },
        code => other("plugin-registry", code, status),
    }
}

fn other(service: &'static str, code: Code, status: &Status) -> Error {
    let transient = matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::Cancelled
    );
    Error::Upstream {
        service,
        message: format!("{code:?}: {}", status.message()),
        transient,
    }
}
