//! What came of a call, and the record that makes it explainable and repeatable.

mod message;

use std::sync::Arc;

use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};

use crate::{
    binding::{Binding, FaultAction},
    fault::{FaultCode, PluginError, PluginFault},
};

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// The plugin's answer, checked against the hook's rules.
    Answered(T),
    /// The plugin's own "no answer". Treat it by the binding's fault action.
    Declined(PluginError),
    /// The call was stopped or broke. Treat it by the binding's fault action.
    Fault(PluginFault),
    /// The tenant has no plugin: the built-in answer is right.
    NoPlugin,
    /// This replica doesn't know whether there is a plugin: let a person decide.
    NoSnapshot,
    /// Every slot is taken: refuse with `RESOURCE_EXHAUSTED`.
    Overloaded,
}

/// What came of a call, with what is needed to explain it.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// What came of it.
    pub verdict: Verdict<T>,
    /// The binding that was asked; `None` without a plugin or a snapshot.
    pub binding: Option<Arc<Binding>>,
    /// The run, if the plugin ran or was refused its input. Store it with the decision.
    pub run: Option<RunRecord>,
    /// Why the generation before was asked in the plugin's place, if it was.
    pub failed: Option<Failed>,
}

/// A failure that the generation before made good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Who failed.
    pub binding: Arc<Binding>,
    /// How.
    pub fault: PluginFault,
    /// The run, if it ran. Store it too.
    pub run: Option<RunRecord>,
}

impl<T> Answer<T> {
    pub(crate) fn without_run(verdict: Verdict<T>, binding: Option<Arc<Binding>>) -> Self {
        Self {
            verdict,
            binding,
            run: None,
            failed: None,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunResult {
    /// The plugin decided.
    Decided,
    /// The plugin answered with an error of its own.
    PluginError,
    /// The plugin was stopped or broke.
    Fault,
}

/// What was done with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunAction {
    /// The plugin's answer was used.
    Used,
    /// A person decides.
    ManualReview,
    /// The built-in answer was used.
    Default,
    /// It was refused.
    FailClosed,
    /// What answered before was asked.
    PreviousGeneration,
}

impl RunAction {
    /// The action as runs keep it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::ManualReview => "manual-review",
            Self::Default => "default",
            Self::FailClosed => "fail-closed",
            Self::PreviousGeneration => "previous-generation",
        }
    }
}

impl From<FaultAction> for RunAction {
    fn from(action: FaultAction) -> Self {
        match action {
            FaultAction::Default => Self::Default,
            FaultAction::FailClosed => Self::FailClosed,
            FaultAction::ManualReview => Self::ManualReview,
            FaultAction::PreviousGeneration => Self::PreviousGeneration,
        }
    }
}

/// One call, whole. `postlude.runs.v1.Run` has the same fields; `Run::from` makes one of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// `run_` and a ULID.
    pub run_id: String,
    /// The tenant. Not in the message: it is the caller's.
    pub tenant: TenantId,
    /// The hook.
    pub hook: String,
    /// The function of the hook.
    pub function: String,
    /// What it was about.
    pub subject: String,
    /// The plugin.
    pub plugin_id: String,
    /// Its version.
    pub plugin_version: String,
    /// Digest of the component that ran.
    pub component_digest: String,
    /// The configuration that it ran with, JSON.
    pub config_json: String,
    /// Digest of the configuration.
    pub config_digest: String,
    /// Digest of the contract, as the host knows it.
    pub contract_digest: String,
    /// The tenant's generation.
    pub generation: i64,
    /// How it ended.
    pub result: RunResult,
    /// For a fault, what happened.
    pub fault: Option<PluginFault>,
    /// Fuel that the call took.
    pub fuel: u64,
    /// Microseconds that the call took, from store to drop.
    pub duration_micros: u64,
    /// Bytes of linear memory at the end.
    pub memory_bytes: u64,
    /// What was done with the answer. The host fills in what the binding says; a service that does
    /// otherwise sets it.
    pub action: RunAction,
    /// The input: deterministic protobuf.
    pub input: Bytes,
    /// The output: deterministic protobuf, as the plugin gave it, also where it breaks a rule. Empty
    /// if there was none.
    pub output: Bytes,
    /// What the plugin logged, one text a line, 4 KiB at most.
    pub logs: Vec<String>,
    /// When it ran.
    pub run_time: Timestamp,
    /// Hash of the engine; fuel is comparable only where it is the same.
    pub engine_hash: String,
}

impl RunRecord {
    /// Whether a replay can tell anything: a stop by wall time depends on the machine, and a call
    /// that never started has nothing to repeat.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        match &self.fault {
            None => true,
            Some(fault) => match fault.code {
                FaultCode::TimeExhausted
                | FaultCode::InputTooLarge
                | FaultCode::ComponentUnavailable
                | FaultCode::BreakerOpen
                | FaultCode::HostFailed => false,
                FaultCode::FuelExhausted
                | FaultCode::MemoryExhausted
                | FaultCode::StackExhausted
                | FaultCode::Trap
                | FaultCode::OutputTooLarge
                | FaultCode::OutputMalformed
                | FaultCode::DecisionInvalid => true,
            },
        }
    }
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Whether result, fault code and output bytes are the same.
    pub identical: bool,
    /// What came out now; empty for a fault without an answer.
    pub output: Bytes,
    /// How it ended now.
    pub result: RunResult,
    /// For a fault now, what happened.
    pub fault: Option<PluginFault>,
    /// Fuel now.
    pub fuel: u64,
    /// Whether the engine is the same, so that fuel may be compared.
    pub same_engine: bool,
}

/// Why a run can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It says nothing: see [`RunRecord::is_replayable`].
    #[error("the run {run_id} can't be replayed: {why}")]
    NotReplayable {
        /// The run.
        run_id: String,
        /// Why.
        why: String,
    },
    /// Not the component that ran.
    #[error("the run names the component {expected}, and {found} was given")]
    WrongComponent {
        /// What the run names.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The component doesn't load here any more.
    #[error("the component can't be loaded")]
    Load(#[from] crate::LoadError),
    /// Every slot is taken.
    #[error("every slot for plugins is taken")]
    Overloaded,
}

impl ReplayError {
    /// Why, where the run is named beside it.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::NotReplayable { why, .. } => why.clone(),
            Self::Load(error) => error.to_string(),
            Self::WrongComponent { .. } | Self::Overloaded => self.to_string(),
        }
    }
}
