//! What a service does with an answer, once it is known what the binding wants on a fault.
//!
//! The same for every hook: the plugin's answer is used; without a plugin, or where the binding says
//! so, the built-in one; else it is refused or a person decides, and the reason says why. Owns no
//! built-in answer: that is the service's.

use postlude_proto::r#type::v1::{Decision, Reason};

use crate::{
    binding::{Binding, FaultAction},
    run::{Answer, Failed, Verdict},
};

/// A reason's source: the plugin said it.
const PLUGIN: &str = "plugin";
/// A reason's source: the platform says it.
const PLATFORM: &str = "platform";

/// What is done with an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled<T> {
    /// The plugin's answer is used.
    Answered(Answered<T>),
    /// The built-in answer is used.
    BuiltIn(BuiltIn),
    /// There is no answer: it is refused, or a person decides.
    Unanswered(Unanswered),
}

/// A plugin's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered<T> {
    /// The answer, checked.
    pub answer: T,
    /// Who decided.
    pub decision: Decision,
    /// Why an earlier generation has answered, if one has; belongs to the answer's own reasons.
    pub made_good: Option<Reason>,
}

/// The built-in answer is due.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltIn {
    /// Who decides: the platform.
    pub decision: Decision,
    /// Why the plugin's answer isn't used; `None` if there is no plugin.
    pub because: Option<Reason>,
}

/// The plugin has not answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Unanswered {
    /// What is done instead.
    pub instead: Instead,
    /// Why.
    pub reason: Reason,
    /// Who was asked.
    pub decision: Decision,
    /// Whether asking again soon may bring an answer.
    pub soon: bool,
}

/// What is done without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// It is refused.
    Refuse,
    /// A person decides.
    Review,
}

/// Every slot for plugins is taken: refuse with `RESOURCE_EXHAUSTED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("every slot for plugins is taken")]
pub struct Overloaded;

impl<T> Answer<T> {
    /// What follows from what was said: the plugin's answer, or what the binding wants instead. Keep
    /// [`Answer::runs`] with it.
    ///
    /// # Errors
    /// [`Overloaded`].
    pub fn settle(self) -> Result<Settled<T>, Overloaded> {
        let run_id = self.run.map(|run| run.run_id).unwrap_or_default();
        let decision = self
            .binding
            .as_deref()
            .map_or_else(built_in, |binding| decision(binding, run_id));
        let action = self
            .binding
            .as_deref()
            .map_or(FaultAction::ManualReview, |binding| binding.fault_action);
        let failed = |reason| instead(action, reason, decision.clone());
        Ok(match self.verdict {
            Verdict::Answered(answer) => Settled::Answered(Answered {
                answer,
                decision,
                made_good: self.failed.as_ref().map(made_good),
            }),
            Verdict::NoPlugin => Settled::BuiltIn(BuiltIn {
                decision: built_in(),
                because: None,
            }),
            Verdict::Declined(error) => failed(Reason {
                code: error.code,
                text: error.message,
                source: PLUGIN.to_owned(),
            }),
            Verdict::Fault(fault) => failed(platform(
                fault.code.as_str(),
                format!(
                    "The policy `{}` failed: {}.",
                    decision.plugin_id,
                    first_line(&fault.message)
                ),
            )),
            Verdict::NoSnapshot => Settled::Unanswered(Unanswered {
                instead: Instead::Review,
                reason: platform(
                    "POLICY_UNKNOWN",
                    "It is not known here which policy the retailer has: a person decides.",
                ),
                decision: Decision::default(),
                soon: true,
            }),
            Verdict::Overloaded => return Err(Overloaded),
        })
    }
}

fn instead<T>(action: FaultAction, reason: Reason, decision: Decision) -> Settled<T> {
    let instead = match action {
        FaultAction::Default => {
            return Settled::BuiltIn(BuiltIn {
                decision: built_in(),
                because: Some(reason),
            });
        }
        FaultAction::FailClosed => Instead::Refuse,
        FaultAction::ManualReview | FaultAction::PreviousGeneration => Instead::Review,
    };
    Settled::Unanswered(Unanswered {
        instead,
        reason,
        decision,
        soon: false,
    })
}

/// The built-in policies of this version of the platform.
fn built_in() -> Decision {
    Decision {
        plugin_id: "built-in".to_owned(),
        plugin_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Decision::default()
    }
}

fn decision(binding: &Binding, run_id: String) -> Decision {
    Decision {
        plugin_id: binding.plugin_id.clone(),
        plugin_version: binding.plugin_version.clone(),
        component_digest: binding.component_digest.clone(),
        policy_version: binding.generation.to_string(),
        run_id,
    }
}

/// Why an earlier generation has answered.
fn made_good(failed: &Failed) -> Reason {
    platform(
        "PREVIOUS_GENERATION",
        format!(
            "The policy `{}` {} failed ({}), so what answered before it was asked.",
            failed.binding.plugin_id, failed.binding.plugin_version, failed.fault.code
        ),
    )
}

fn platform(code: &str, text: impl Into<String>) -> Reason {
    Reason {
        code: code.to_owned(),
        text: text.into(),
        source: PLATFORM.to_owned(),
    }
}

/// A backtrace belongs to the run, not to a reason.
fn first_line(text: &str) -> &str {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
}
