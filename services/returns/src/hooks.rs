//! The service's plugin point, `return-policy`, and what answers where there is no plugin.
//!
//! The tenant's plugin answers if there is one. Without one the built-in policy answers and says so.
//! Where it isn't known whether there is one, or where it fails, the binding says what is done: a
//! person decides, the built-in policy answers, or the answer is no. Every run is handed back to be
//! stored with the decision that it led to.

mod run;
mod words;

use std::sync::Arc;

use postlude_kernel::{TenantId, Timestamp};
use postlude_plugin_host::{
    Answer as Said, Binding, Bindings, Failed, FaultAction, Host, Verdict,
    return_policy::CallContext,
};
use postlude_proto::runs::v1::{Replay, Run};
use sha2::{Digest as _, Sha256};

use crate::{
    domain::{
        Reason, ReasonSource,
        limits::{RefundablePayment, ReturnableLine},
        order::Order,
        policy::{self, Answer, DecisionSource, Outcome, Request},
        terms::{self, Terms},
        window::TransitAllowance,
    },
    error::Error,
};

/// Asks the tenant's policy.
#[derive(Clone)]
pub(crate) struct Hooks {
    host: Host,
    bindings: Arc<Bindings>,
    allowance: TransitAllowance,
}

/// All that a decision rests on.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) order: Order,
    /// The stored terms; if they can't be had, what is decided instead, and why.
    pub(crate) terms: Result<Terms, Unanswered>,
    pub(crate) returnable: Vec<ReturnableLine>,
    pub(crate) payment: RefundablePayment,
    pub(crate) history: History,
}

/// What is known of the customer over the last twelve months.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) orders: u32,
    pub(crate) returns: u32,
    pub(crate) refunded: i64,
}

/// The policy has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unanswered {
    /// What is decided instead: a person decides, or no.
    pub(crate) outcome: Outcome,
    pub(crate) reason: Reason,
    pub(crate) source: DecisionSource,
    /// Whether asking again soon may bring an answer.
    pub(crate) soon: bool,
}

/// The terms of an order, or why there are none, with what ran for them.
#[derive(Debug)]
pub(crate) struct AskedTerms {
    pub(crate) answer: Result<(Terms, DecisionSource), Unanswered>,
    pub(crate) runs: Vec<Run>,
}

/// A decision with who took it, and what ran for it.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    pub(crate) source: DecisionSource,
    pub(crate) runs: Vec<Run>,
}

/// What is done where the plugin has not answered.
enum Instead {
    BuiltIn,
    Unanswered(Unanswered),
}

impl Hooks {
    /// Asks through `host` whatever `bindings` name.
    pub(crate) fn new(host: Host, bindings: Arc<Bindings>, allowance: TransitAllowance) -> Self {
        Self {
            host,
            bindings,
            allowance,
        }
    }

    /// Asks on which terms an order was sold. Asked once per line; the answer is stored.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub(crate) async fn terms(
        &self,
        tenant: &TenantId,
        order: &Order,
        now: Timestamp,
    ) -> Result<AskedTerms, Error> {
        let context = context(&order.order_id, now);
        let said = self
            .host
            .return_policy_terms(&self.bindings, tenant, &context, &words::order(order))
            .await;
        let runs = run::of(&said);
        let answer = match settle(said)? {
            Ok((terms, source)) => Ok((words::terms(terms), source)),
            Err(Instead::BuiltIn) => Ok((terms::built_in(order), DecisionSource::built_in())),
            Err(Instead::Unanswered(unanswered)) => Err(unanswered),
        };
        Ok(AskedTerms { answer, runs })
    }

    /// Asks whether something may come back. Outside of every transaction.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub(crate) async fn decide(
        &self,
        tenant: &TenantId,
        facts: &Facts,
        request: &Request,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        let terms = match &facts.terms {
            Ok(terms) => terms,
            Err(unanswered) => return Ok(decide_without(request, unanswered, Vec::new())),
        };
        let context = context(&facts.order.order_id, now);
        let said = self
            .host
            .return_policy_decide(
                &self.bindings,
                tenant,
                &context,
                &words::facts(facts, request, self.allowance, now),
                &words::terms_message(terms),
            )
            .await;
        let runs = run::of(&said);
        let failed = said.failed.clone();
        Ok(match settle(said)? {
            Ok((decision, source)) => {
                let mut answer = words::answer(decision);
                answer.reasons.extend(failed.as_ref().map(made_good));
                Decision {
                    answer,
                    source,
                    runs,
                }
            }
            Err(Instead::BuiltIn) => Decision {
                answer: policy::built_in(&facts.order, terms, request, self.allowance, now),
                source: DecisionSource::built_in(),
                runs,
            },
            Err(Instead::Unanswered(unanswered)) => decide_without(request, &unanswered, runs),
        })
    }

    /// A digest of everything that a decision rests on, but for the time and the customer's history:
    /// a quote outlives what the customer does elsewhere.
    pub(crate) fn digest(&self, facts: &Facts, request: &Request, now: Timestamp) -> String {
        let facts = Facts {
            history: History::default(),
            ..facts.clone()
        };
        let asked = words::facts(&facts, request, self.allowance, now);
        // The derived text names every field, so a new one can't be forgotten here.
        let text = format!("{asked:?}{:?}", facts.terms);
        format!("sha256:{}", hex::encode(Sha256::digest(text)))
    }

    /// Repeats a recorded run on its component.
    ///
    /// # Errors
    /// [`Error::RunNotReplayable`], [`Error::Overloaded`].
    pub(crate) async fn replay(
        &self,
        tenant: &TenantId,
        run: &Run,
        component: Vec<u8>,
    ) -> Result<Replay, Error> {
        run::replay(&self.host, tenant, run, component).await
    }
}

fn context(order_id: &str, now: Timestamp) -> CallContext {
    CallContext {
        subject: order_id.to_owned(),
        now,
        locale: "en".to_owned(),
        utc_offset_minutes: 0,
    }
}

fn decide_without(request: &Request, unanswered: &Unanswered, runs: Vec<Run>) -> Decision {
    Decision {
        answer: Answer::uniform(request, unanswered.outcome, &unanswered.reason),
        source: unanswered.source.clone(),
        runs,
    }
}

/// What follows from what was said: the plugin's answer, or what the binding wants instead.
fn settle<T>(said: Said<T>) -> Result<Result<(T, DecisionSource), Instead>, Error> {
    let run_id = said.run.map(|run| run.run_id).unwrap_or_default();
    let source = said
        .binding
        .as_deref()
        .map_or_else(DecisionSource::built_in, |binding| source(binding, run_id));
    let action = said
        .binding
        .as_deref()
        .map_or(FaultAction::ManualReview, |binding| binding.fault_action);
    let instead = |reason: Reason| match action {
        FaultAction::Default => Instead::BuiltIn,
        FaultAction::FailClosed | FaultAction::ManualReview | FaultAction::PreviousGeneration => {
            Instead::Unanswered(Unanswered {
                outcome: if action == FaultAction::FailClosed {
                    Outcome::Declined
                } else {
                    Outcome::NeedsReview
                },
                reason,
                source: source.clone(),
                soon: false,
            })
        }
    };
    Ok(match said.verdict {
        Verdict::Answered(answer) => Ok((answer, source)),
        Verdict::NoPlugin => Err(Instead::BuiltIn),
        Verdict::Declined(error) => Err(instead(Reason::new(
            ReasonSource::Plugin,
            error.code,
            error.message,
        ))),
        Verdict::Fault(fault) => Err(instead(Reason::new(
            ReasonSource::Platform,
            fault.code.as_str(),
            format!(
                "The policy `{}` failed: {}.",
                source.plugin_id,
                first_line(&fault.message)
            ),
        ))),
        Verdict::NoSnapshot => Err(Instead::Unanswered(Unanswered {
            outcome: Outcome::NeedsReview,
            reason: Reason::new(
                ReasonSource::Platform,
                "POLICY_UNKNOWN",
                "It is not known here which policy the retailer has: a person decides.",
            ),
            source: DecisionSource {
                plugin_id: String::new(),
                plugin_version: String::new(),
                ..DecisionSource::built_in()
            },
            soon: true,
        })),
        Verdict::Overloaded => return Err(Error::Overloaded),
    })
}

fn source(binding: &Binding, run_id: String) -> DecisionSource {
    DecisionSource {
        plugin_id: binding.plugin_id.clone(),
        plugin_version: binding.plugin_version.clone(),
        component_digest: binding.component_digest.clone(),
        policy_version: binding.generation.to_string(),
        run_id,
    }
}

/// Why an earlier generation has answered.
fn made_good(failed: &Failed) -> Reason {
    Reason::new(
        ReasonSource::Platform,
        "PREVIOUS_GENERATION",
        format!(
            "The policy `{}` {} failed ({}), so what answered before it was asked.",
            failed.binding.plugin_id, failed.binding.plugin_version, failed.fault.code
        ),
    )
}

/// A backtrace belongs to the run, not to a reason.
fn first_line(text: &str) -> &str {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
}
