//! A run of the policy: the host's record ↔ the message that is kept, and a run again.

use std::sync::Arc;

use postlude_kernel::{TenantId, Timestamp};
use postlude_plugin_host::{
    Answer, FaultCode, Host, PluginFault, ReplayError, RunAction, RunRecord, RunResult,
    return_policy::{DECIDE, TERMS},
};
use postlude_proto::{
    DESCRIPTOR_POOL,
    runs::v1::{Replay, Run, run::Result as Ended},
};
use prost_reflect::DynamicMessage;

use crate::{convert::time_message, error::Error};

/// Everything that ran for an answer, as it is kept: what failed first, if anything did.
pub(super) fn of<T>(said: &Answer<T>) -> Vec<Run> {
    let failed = said.failed.as_ref().and_then(|failed| failed.run.as_ref());
    failed.into_iter().chain(&said.run).map(message).collect()
}

fn message(record: &RunRecord) -> Run {
    let fault = record.fault.as_ref();
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let (input_type, output_type) = types(&record.function);
    Run {
        run_id: record.run_id.clone(),
        hook: record.hook.clone(),
        function: record.function.clone(),
        subject: record.subject.clone(),
        plugin_id: record.plugin_id.clone(),
        plugin_version: record.plugin_version.clone(),
        component_digest: record.component_digest.clone(),
        config_digest: record.config_digest.clone(),
        contract_digest: record.contract_digest.clone(),
        generation: record.generation,
        result: match record.result {
            RunResult::Decided => Ended::Decided,
            RunResult::PluginError => Ended::PluginError,
            RunResult::Fault => Ended::Fault,
        }
        .into(),
        fault_code: fault
            .map(|fault| fault.code.to_string())
            .unwrap_or_default(),
        fault_message: fault.map(|fault| fault.message.clone()).unwrap_or_default(),
        fuel: number(record.fuel),
        duration_micros: number(record.duration_micros),
        memory_bytes: number(record.memory_bytes),
        action: record.action.as_str().to_owned(),
        input: record.input.clone(),
        output: record.output.clone(),
        input_json: json(input_type, &record.input),
        output_json: json(output_type, &record.output),
        logs: record.logs.clone(),
        run_time: Some(time_message(record.run_time)),
        config: record.config_json.clone(),
        engine_hash: record.engine_hash.clone(),
    }
}

/// A kept run as the host repeats it.
fn record(tenant: &TenantId, run: &Run) -> RunRecord {
    let number = |value: i64| u64::try_from(value).unwrap_or(0);
    RunRecord {
        run_id: run.run_id.clone(),
        tenant: tenant.clone(),
        hook: run.hook.clone(),
        function: run.function.clone(),
        subject: run.subject.clone(),
        plugin_id: run.plugin_id.clone(),
        plugin_version: run.plugin_version.clone(),
        component_digest: run.component_digest.clone(),
        config_json: run.config.clone(),
        config_digest: run.config_digest.clone(),
        contract_digest: run.contract_digest.clone(),
        generation: run.generation,
        result: match run.result() {
            Ended::Decided => RunResult::Decided,
            Ended::PluginError => RunResult::PluginError,
            Ended::Fault | Ended::Unspecified => RunResult::Fault,
        },
        fault: FaultCode::parse(&run.fault_code).map(|code| PluginFault {
            code,
            message: run.fault_message.clone(),
        }),
        fuel: number(run.fuel),
        duration_micros: number(run.duration_micros),
        memory_bytes: number(run.memory_bytes),
        // What was done with the answer plays no part in a replay.
        action: RunAction::Used,
        input: run.input.clone(),
        output: run.output.clone(),
        logs: run.logs.clone(),
        run_time: Timestamp::EPOCH,
        engine_hash: run.engine_hash.clone(),
    }
}

/// Repeats a run.
pub(super) async fn replay(
    host: &Host,
    tenant: &TenantId,
    run: &Run,
    component: Vec<u8>,
) -> Result<Replay, Error> {
    let refused = |why: String| Error::RunNotReplayable {
        run_id: run.run_id.clone(),
        why,
    };
    let digest = run.component_digest.clone();
    let loader = host.clone();
    // Compiling takes a while.
    let loaded = tokio::task::spawn_blocking(move || loader.load(&digest, &component))
        .await
        .map_err(|error| refused(error.to_string()))?
        .map_err(|error| refused(error.to_string()))?;
    let replayed = Arc::new(record(tenant, run));
    let found = host
        .replay(&replayed, &loaded)
        .await
        .map_err(|error| match error {
            ReplayError::Overloaded => Error::Overloaded,
            ReplayError::NotReplayable { why, .. } => refused(why),
            ReplayError::WrongComponent { .. } | ReplayError::Load(_) => refused(error.to_string()),
        })?;
    Ok(Replay {
        run_id: run.run_id.clone(),
        identical: found.identical,
        recorded_output: run.output.to_vec(),
        replayed_output: found.output.to_vec(),
        recorded_fuel: run.fuel,
        replayed_fuel: i64::try_from(found.fuel).unwrap_or(i64::MAX),
        same_engine: found.same_engine,
        component_digest: run.component_digest.clone(),
    })
}

/// The messages that a function's input and output are.
fn types(function: &str) -> (&'static str, &'static str) {
    match function {
        TERMS => ("ReturnPolicyTermsInput", "ReturnPolicyTermsOutput"),
        DECIDE => ("ReturnPolicyDecideInput", "ReturnPolicyDecideOutput"),
        _ => ("", ""),
    }
}

/// Recorded bytes for people; empty if they don't read.
fn json(name: &str, bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    DESCRIPTOR_POOL
        .get_message_by_name(&format!("postlude.runs.v1.{name}"))
        .and_then(|message| DynamicMessage::decode(message, bytes).ok())
        .and_then(|message| serde_json::to_string(&message).ok())
        .unwrap_or_default()
}
