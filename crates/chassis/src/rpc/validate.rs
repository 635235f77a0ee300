//! The contract's own rules (`buf.validate`), checked in one place.

use std::sync::LazyLock;

use postlude_kernel::{Fault, FaultKind, FieldViolation};
use prost_protovalidate::{Error, Validator, Violation};
use prost_reflect::ReflectMessage;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::new);

/// A message that breaks rules of its contract.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// The rules that are broken.
    #[error("{}", summary(.0))]
    Rules(Vec<FieldViolation>),
    /// A rule of the contract can't be checked: the contract is wrong, not the message.
    #[error("a rule of the contract can't be checked")]
    Contract(#[source] Box<Error>),
}

impl Fault for Invalid {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Rules(_) => FaultKind::InvalidArgument,
            Self::Contract(_) => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Rules(_) => "VALIDATION_FAILED",
            Self::Contract(_) => "INTERNAL",
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Rules(violations) => violations.clone(),
            Self::Contract(_) => Vec::new(),
        }
    }
}

/// Checks a message against its contract.
///
/// # Errors
/// [`Invalid::Rules`] with a field path and a rule each.
pub fn validate<M: ReflectMessage>(message: &M) -> Result<(), Invalid> {
    match VALIDATOR.validate(message) {
        Ok(()) => Ok(()),
        Err(Error::Validation(broken)) => Err(Invalid::Rules(
            broken.violations().iter().map(describe).collect(),
        )),
        Err(error) => Err(Invalid::Contract(Box::new(error))),
    }
}

/// Makes the validator read the contract now rather than at the first request.
pub fn warm() {
    // Any message will do: the validator compiles rules message by message, and its own set-up is
    // what costs.
    let _ = VALIDATOR.validate(&postlude_proto::gateway::v1::CreateTenantRequest::default());
}

fn describe(violation: &Violation) -> FieldViolation {
    let rule = violation.rule_id();
    let text = match (rule, violation.message()) {
        // The contract uses it for one thing only: the value 0 stands for none.
        ("enum.not_in", _) => "must be set to one of the values that the contract names",
        (_, "") => "is not what the contract asks for",
        (_, text) => text,
    };
    let description = format!("{text} (rule {rule})");
    FieldViolation::new(violation.field_path(), description)
}

fn summary(violations: &[FieldViolation]) -> String {
    let parts: Vec<String> = violations
        .iter()
        .map(|violation| {
            if violation.field.is_empty() {
                violation.description.clone()
            } else {
                format!("{}: {}", violation.field, violation.description)
            }
        })
        .collect();
    parts.join("; ")
}
