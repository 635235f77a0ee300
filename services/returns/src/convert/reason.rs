//! Reasons and who decided.

use postlude_proto::r#type::v1 as proto;

use crate::domain::{Reason, ReasonSource, policy::DecisionSource};

const SOURCES: [(ReasonSource, &str); 4] = [
    (ReasonSource::Plugin, "plugin"),
    (ReasonSource::BuiltIn, "built-in"),
    (ReasonSource::Platform, "platform"),
    (ReasonSource::Operator, "operator"),
];

/// A reason as a message.
pub(crate) fn message(reason: &Reason) -> proto::Reason {
    let source = SOURCES
        .iter()
        .find(|(source, _)| *source == reason.source)
        .map_or("platform", |(_, name)| name);
    proto::Reason {
        code: reason.code.clone(),
        text: reason.text.clone(),
        source: source.to_owned(),
    }
}

/// A reason of ours, read back.
pub(crate) fn parse(reason: proto::Reason) -> Reason {
    let source = SOURCES
        .iter()
        .find(|(_, name)| *name == reason.source)
        .map_or(ReasonSource::Platform, |(source, _)| *source);
    Reason {
        code: reason.code,
        text: reason.text,
        source,
    }
}

/// Reasons as messages.
pub(crate) fn messages(reasons: &[Reason]) -> Vec<proto::Reason> {
    reasons.iter().map(message).collect()
}

/// Reasons of ours, read back.
pub(crate) fn parse_all(reasons: Vec<proto::Reason>) -> Vec<Reason> {
    reasons.into_iter().map(parse).collect()
}

/// Who decided, as a message.
pub(crate) fn decision_message(source: &DecisionSource) -> proto::Decision {
    proto::Decision {
        plugin_id: source.plugin_id.clone(),
        plugin_version: source.plugin_version.clone(),
        component_digest: source.component_digest.clone(),
        policy_version: source.policy_version.clone(),
        run_id: source.run_id.clone(),
    }
}

/// Who decided, read back.
pub(crate) fn decision(decision: proto::Decision) -> DecisionSource {
    DecisionSource {
        plugin_id: decision.plugin_id,
        plugin_version: decision.plugin_version,
        component_digest: decision.component_digest,
        policy_version: decision.policy_version,
        run_id: decision.run_id,
    }
}
