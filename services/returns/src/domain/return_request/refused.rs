//! Why a return stays as it is.

use super::{RefundState, State};

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the return is {state:?}, so it can't be {verb}")]
    State { state: State, verb: &'static str },
    #[error("return line `{0}` is not part of this return")]
    LineNotFound(String),
    #[error("return line `{return_line_id}` has {left} units left to count, not {counted}")]
    ReceiveExceeded {
        return_line_id: String,
        counted: u32,
        left: u32,
    },
    #[error("return line `{return_line_id}` has {left} units to judge so, not {judged}")]
    InspectExceeded {
        return_line_id: String,
        judged: u32,
        left: u32,
    },
    #[error("refund `{0}` is not part of this return")]
    RefundNotFound(String),
    #[error("refund `{refund_id}` is {state:?} already")]
    RefundState {
        refund_id: String,
        state: RefundState,
    },
    #[error("the return was accepted without a refund")]
    RefundNotDue,
    #[error("the replacement of exchange `{0}` is on its way already")]
    ExchangeOpen(String),
}
