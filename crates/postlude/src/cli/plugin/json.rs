//! Plugins and runs as JSON, for programs.

use postlude_proto::{
    plugins::v1::{Installation, Plugin, PluginVersion},
    runs::v1::Run,
};
use serde_json::json;

use super::state;

/// JSON as people read it.
pub(super) fn pretty(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| json.to_owned())
}

pub(super) fn installation_json(one: &Installation) -> serde_json::Value {
    json!({
        "plugin_id": one.plugin_id,
        "version": one.version,
        "state": state(one),
        "hooks": one.hooks,
        "component_digest": one.component_digest,
        "config": serde_json::from_str::<serde_json::Value>(&one.config).unwrap_or_default(),
        "config_digest": one.config_digest,
        "generation": one.generation,
        "fault_action": one.fault_action().as_str_name(),
        "etag": one.etag,
    })
}

pub(super) fn version_json(version: &PluginVersion) -> serde_json::Value {
    json!({
        "plugin_id": version.plugin_id,
        "version": version.version,
        "publisher": version.publisher,
        "license": version.license,
        "description": version.description,
        "hooks": version.hooks,
        "component_digest": version.component_digest,
        "component_size": version.component_size,
    })
}

pub(super) fn plugin_json(plugin: &Plugin) -> serde_json::Value {
    json!({
        "plugin_id": plugin.plugin_id,
        "versions": plugin.versions.iter().map(version_json).collect::<Vec<_>>(),
        "installation": plugin.installation.as_ref().map(installation_json),
        "history": plugin.history.iter().map(installation_json).collect::<Vec<_>>(),
    })
}

pub(super) fn run_json(run: &Run) -> serde_json::Value {
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    json!({
        "run_id": run.run_id,
        "hook": run.hook,
        "function": run.function,
        "subject": run.subject,
        "plugin_id": run.plugin_id,
        "plugin_version": run.plugin_version,
        "component_digest": run.component_digest,
        "config_digest": run.config_digest,
        "contract_digest": run.contract_digest,
        "generation": run.generation,
        "result": run.result().as_str_name(),
        "fault_code": run.fault_code,
        "fault_message": run.fault_message,
        "action": run.action,
        "fuel": run.fuel,
        "duration_micros": run.duration_micros,
        "memory_bytes": run.memory_bytes,
        "engine_hash": run.engine_hash,
        "input": parsed(&run.input_json),
        "output": parsed(&run.output_json),
        "logs": run.logs,
    })
}
