//! A run's record ↔ the message that is kept.

use postlude_kernel::{TenantId, Timestamp};
use postlude_proto::runs::v1::{Run, run::Result as Ended};
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::{Answer, RunAction, RunRecord, RunResult};
use crate::{
    fault::{FaultCode, PluginFault},
    hook::hook,
};

impl<T> Answer<T> {
    /// Everything that ran for the answer, as it is kept with the decision: what failed first, if
    /// anything did.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let failed = self.failed.as_ref().and_then(|failed| failed.run.as_ref());
        failed.into_iter().chain(&self.run).map(Run::from).collect()
    }
}

impl From<&RunRecord> for Run {
    fn from(record: &RunRecord) -> Self {
        let fault = record.fault.as_ref();
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let function = hook(&record.hook).and_then(|hook| hook.function(&record.function));
        let (seconds, nanos) = record.run_time.to_seconds_nanos();
        Self {
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
            input_json: json(function.map(|function| (function.input)()), &record.input),
            output_json: json(function.map(|function| (function.output)()), &record.output),
            logs: record.logs.clone(),
            run_time: Some(prost_types::Timestamp { seconds, nanos }),
            config: record.config_json.clone(),
            engine_hash: record.engine_hash.clone(),
        }
    }
}

impl RunRecord {
    /// A kept run as the host repeats it.
    pub(crate) fn kept(tenant: &TenantId, run: &Run) -> Self {
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        Self {
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
}

/// Recorded bytes for people; empty if they don't read.
fn json(message: Option<MessageDescriptor>, bytes: &[u8]) -> String {
    message
        .filter(|_| !bytes.is_empty())
        .and_then(|message| DynamicMessage::decode(message, bytes).ok())
        .and_then(|message| serde_json::to_string(&message).ok())
        .unwrap_or_default()
}
