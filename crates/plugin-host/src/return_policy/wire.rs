//! A call as bytes: what is asked and what was said, as runs record them.

use bytes::Bytes;
use postlude_proto::runs::v1::{
    ReturnPolicyDecideInput, ReturnPolicyDecideOutput, ReturnPolicyTermsInput,
    ReturnPolicyTermsOutput, return_policy_decide_output, return_policy_terms_output,
};
use prost::Message as _;

use super::{DECIDE, TERMS};
use crate::run::RunRecord;

/// A call as it is recorded.
#[derive(Clone)]
pub(super) enum Input {
    Terms(ReturnPolicyTermsInput),
    Decide(ReturnPolicyDecideInput),
}

/// What a guest said, unchecked.
pub(super) enum Said {
    Terms(ReturnPolicyTermsOutput),
    Decide(ReturnPolicyDecideOutput),
}

impl Input {
    pub(super) fn function(&self) -> &'static str {
        match self {
            Self::Terms(_) => TERMS,
            Self::Decide(_) => DECIDE,
        }
    }

    pub(super) fn lines(&self) -> u64 {
        let order = match self {
            Self::Terms(input) => input.order.as_ref(),
            Self::Decide(input) => input.facts.as_ref().and_then(|facts| facts.order.as_ref()),
        };
        order.map_or(0, |order| {
            u64::try_from(order.lines.len()).unwrap_or(u64::MAX)
        })
    }

    pub(super) fn encode(&self) -> Bytes {
        match self {
            Self::Terms(input) => input.encode_to_vec().into(),
            Self::Decide(input) => input.encode_to_vec().into(),
        }
    }

    pub(super) fn decode(record: &RunRecord) -> Option<Self> {
        let bytes = record.input.as_ref();
        match record.function.as_str() {
            TERMS => ReturnPolicyTermsInput::decode(bytes).ok().map(Self::Terms),
            DECIDE => ReturnPolicyDecideInput::decode(bytes)
                .ok()
                .map(Self::Decide),
            _ => None,
        }
    }
}

impl Said {
    pub(super) fn encode(&self) -> Bytes {
        match self {
            Self::Terms(output) => output.encode_to_vec().into(),
            Self::Decide(output) => output.encode_to_vec().into(),
        }
    }

    pub(super) fn is_error(&self) -> bool {
        match self {
            Self::Terms(output) => matches!(
                output.answer,
                Some(return_policy_terms_output::Answer::Error(_))
            ),
            Self::Decide(output) => matches!(
                output.answer,
                Some(return_policy_decide_output::Answer::Error(_))
            ),
        }
    }
}
