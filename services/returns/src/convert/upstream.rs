//! What another service answered in place of what was asked for → our error.

use tonic::{Code, Status};

use crate::error::Error;

/// An error of orders, asked for an order.
pub(crate) fn order(order_id: &str, status: &Status) -> Error {
    if status.code() == Code::NotFound {
        Error::OrderNotFound(order_id.to_owned())
    } else {
        other("orders", status)
    }
}

/// An error of the registry, asked for a component.
pub(crate) fn component(run_id: &str, digest: &str, status: &Status) -> Error {
    if status.code() == Code::NotFound {
        Error::RunNotReplayable {
            run_id: run_id.to_owned(),
            why: format!("the component {digest} is gone"),
        }
    } else {
        other("plugin-registry", status)
    }
}

fn other(service: &'static str, status: &Status) -> Error {
    let code = status.code();
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
