//! What returns decides, as pure functions: no IO, no clock, no transport.
//!
//! [`return_request`] and [`claim`] are the aggregates; [`limits`] are the quantities and the money that no race may
//! pass; [`window`], [`withdrawal`] and [`terms`] say until when and on which terms; [`policy`] is
//! what a policy answers, with the built-in one.

pub(crate) mod claim;
pub(crate) mod limits;
pub(crate) mod order;
pub(crate) mod policy;
pub(crate) mod refund;
pub(crate) mod return_request;
pub(crate) mod terms;
pub(crate) mod window;
pub(crate) mod withdrawal;

/// Why something was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Stable, UPPER_SNAKE.
    pub(crate) code: String,
    /// One sentence for people.
    pub(crate) text: String,
    /// What gave it.
    pub(crate) source: ReasonSource,
}

/// What gave a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReasonSource {
    /// The tenant's plugin.
    Plugin,
    /// The built-in policy.
    BuiltIn,
    /// The platform itself.
    Platform,
    /// A person.
    Operator,
}

impl Reason {
    pub(crate) fn new(
        source: ReasonSource,
        code: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            text: text.into(),
            source,
        }
    }
}
