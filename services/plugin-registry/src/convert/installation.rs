//! Installations and bindings.

use postlude_kernel::{TenantId, Timestamp};
use postlude_proto::plugins::v1 as proto;

use crate::{
    Error,
    domain::{FaultAction, Hook, Installation, State, Version},
};

/// What the world sees.
pub(crate) fn to_proto(one: &Installation) -> proto::Installation {
    let (seconds, nanos) = one.update_time.to_seconds_nanos();
    proto::Installation {
        plugin_id: one.plugin_id.clone(),
        version: one.version.to_string(),
        component_digest: one.component_digest.clone(),
        config: one.config.clone(),
        config_digest: one.config_digest.clone(),
        generation: one.generation,
        state: match one.state {
            State::Active => proto::installation::State::Active,
            State::Disabled => proto::installation::State::Disabled,
            State::Superseded => proto::installation::State::Superseded,
        }
        .into(),
        fault_action: fault_action(one.fault_action).into(),
        etag: one.revision.to_string(),
        update_time: Some(prost_types::Timestamp { seconds, nanos }),
        hooks: one
            .hooks
            .iter()
            .map(|hook| hook.name().to_owned())
            .collect(),
    }
}

/// What was stored.
pub(crate) fn from_proto(one: proto::Installation, revision: i64) -> Result<Installation, Error> {
    let broken = |what: &str| Error::Stored(format!("installation {}: {what}", one.plugin_id));
    let state = match one.state() {
        proto::installation::State::Active => State::Active,
        proto::installation::State::Disabled => State::Disabled,
        proto::installation::State::Superseded => State::Superseded,
        proto::installation::State::Unspecified => return Err(broken("state")),
    };
    let update_time = one
        .update_time
        .and_then(|time| Timestamp::from_seconds_nanos(time.seconds, time.nanos).ok())
        .ok_or_else(|| broken("update_time"))?;
    Ok(Installation {
        version: Version::parse(&one.version).ok_or_else(|| broken("version"))?,
        hooks: one
            .hooks
            .iter()
            .map(|hook| Hook::parse(hook).ok_or_else(|| broken("hooks")))
            .collect::<Result<_, _>>()?,
        fault_action: wanted_fault_action(one.fault_action())
            .ok_or_else(|| broken("fault_action"))?,
        generation: one.generation,
        state,
        revision,
        update_time,
        plugin_id: one.plugin_id,
        component_digest: one.component_digest,
        config: one.config,
        config_digest: one.config_digest,
    })
}

/// What services fetch; with what answered before, where a failure is made good by it.
pub(crate) fn binding(
    tenant: &TenantId,
    hook: Hook,
    one: &Installation,
    before: Option<&Installation>,
) -> proto::Binding {
    let previous = before.map(|before| {
        Box::new(proto::Binding {
            // If both fail, a person decides.
            fault_action: proto::FaultAction::ManualReview.into(),
            ..binding(tenant, hook, before, None)
        })
    });
    proto::Binding {
        tenant_id: tenant.as_str().to_owned(),
        hook: hook.name().to_owned(),
        plugin_id: one.plugin_id.clone(),
        plugin_version: one.version.to_string(),
        component_digest: one.component_digest.clone(),
        config: one.config.clone(),
        config_digest: one.config_digest.clone(),
        generation: one.generation,
        fault_action: fault_action(one.fault_action).into(),
        previous,
    }
}

/// What a request asks for; `None` if it leaves it open.
pub(crate) const fn wanted_fault_action(action: proto::FaultAction) -> Option<FaultAction> {
    match action {
        proto::FaultAction::Unspecified => None,
        proto::FaultAction::Default => Some(FaultAction::Default),
        proto::FaultAction::FailClosed => Some(FaultAction::FailClosed),
        proto::FaultAction::ManualReview => Some(FaultAction::ManualReview),
        proto::FaultAction::PreviousGeneration => Some(FaultAction::PreviousGeneration),
    }
}

const fn fault_action(action: FaultAction) -> proto::FaultAction {
    match action {
        FaultAction::Default => proto::FaultAction::Default,
        FaultAction::FailClosed => proto::FaultAction::FailClosed,
        FaultAction::ManualReview => proto::FaultAction::ManualReview,
        FaultAction::PreviousGeneration => proto::FaultAction::PreviousGeneration,
    }
}
