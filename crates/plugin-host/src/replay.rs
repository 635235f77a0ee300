//! A recorded call again.

use std::sync::Arc;

use postlude_kernel::TenantId;
use postlude_proto::runs::v1 as proto;

use crate::{
    component::Component,
    fault::PluginFault,
    hook::hook,
    host::Host,
    run::{Replay, ReplayError, RunRecord, RunResult},
};

impl Host {
    /// Runs a recorded call again, on the recorded component, configuration and input, and says
    /// whether the same came out.
    ///
    /// # Errors
    /// [`ReplayError`] if the run can't be repeated; that it comes out otherwise is no error.
    pub async fn replay(
        &self,
        record: &RunRecord,
        component: &Component,
    ) -> Result<Replay, ReplayError> {
        let refused = |why: &str| ReplayError::NotReplayable {
            run_id: record.run_id.clone(),
            why: why.to_owned(),
        };
        if !record.is_replayable() {
            return Err(refused("how it ended depended on the machine"));
        }
        if record.component_digest != component.digest() {
            return Err(ReplayError::WrongComponent {
                expected: record.component_digest.clone(),
                found: component.digest().to_owned(),
            });
        }
        let function = hook(&record.hook)
            .and_then(|hook| hook.function(&record.function))
            .ok_or_else(|| refused("no hook here has its function"))?;
        let config: Arc<str> = record.config_json.as_str().into();
        let (component, input) = (component.clone(), record.input.clone());
        let ran = self
            .on_pool(&record.tenant, move |inner| {
                (function.run)(inner, &component, &input, config)
            })
            .await
            .map_err(|_| ReplayError::Overloaded)?
            .ok_or_else(|| refused("the host failed"))?
            .ok_or_else(|| refused("its input can't be read"))?;
        let (result, fault) = match ran.said {
            // A broken rule was found after the same bytes had come out.
            Ok(_) if record.result == RunResult::Fault && ran.output == record.output => {
                (RunResult::Fault, record.fault.clone())
            }
            Ok(true) => (RunResult::PluginError, None),
            Ok(false) => (RunResult::Decided, None),
            Err(fault) => (RunResult::Fault, Some(fault)),
        };
        let code = |fault: &Option<PluginFault>| fault.as_ref().map(|fault| fault.code);
        Ok(Replay {
            identical: result == record.result
                && code(&fault) == code(&record.fault)
                && ran.output == record.output,
            output: ran.output,
            result,
            fault,
            fuel: ran.spent.fuel,
            same_engine: record.engine_hash == self.engine_hash(),
        })
    }

    /// Repeats a kept run on the component that it names, whose bytes the registry has.
    ///
    /// # Errors
    /// [`ReplayError`] if the run can't be repeated; that it comes out otherwise is no error.
    pub async fn replay_kept(
        &self,
        tenant: &TenantId,
        run: &proto::Run,
        component: Vec<u8>,
    ) -> Result<proto::Replay, ReplayError> {
        let (loader, digest) = (self.clone(), run.component_digest.clone());
        // Compiling takes a while.
        let loaded = tokio::task::spawn_blocking(move || loader.load(&digest, &component))
            .await
            .map_err(|error| ReplayError::NotReplayable {
                run_id: run.run_id.clone(),
                why: error.to_string(),
            })??;
        let found = self.replay(&RunRecord::kept(tenant, run), &loaded).await?;
        Ok(proto::Replay {
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
}
