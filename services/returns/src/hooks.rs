//! The service's plugin point, `return-policy`, and what answers where there is no plugin.
//!
//! The tenant's plugin answers if there is one. Without one the built-in policy answers and says so.
//! Where it isn't known whether there is one, or where it fails, the binding says what is done: a
//! person decides, the built-in policy answers, or the answer is no. Every run is handed back to be
//! stored with the decision that it led to.

mod words;

use std::sync::Arc;

use postlude_kernel::{TenantId, Timestamp};
use postlude_plugin_host::{Bindings, CallContext, Host, Instead, ReplayError, Settled};
use postlude_proto::runs::v1::{Replay, Run};
use sha2::{Digest as _, Sha256};

use crate::{
    convert,
    domain::{
        Reason,
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
        let runs = said.runs();
        let answer = match said.settle()? {
            Settled::Answered(said) => Ok((
                words::terms(said.answer),
                convert::reason::decision(said.decision),
            )),
            Settled::BuiltIn(instead) => Ok((
                terms::built_in(order),
                convert::reason::decision(instead.decision),
            )),
            Settled::Unanswered(unanswered) => Err(unanswered.into()),
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
        let runs = said.runs();
        Ok(match said.settle()? {
            Settled::Answered(said) => {
                let mut answer = words::answer(said.answer);
                let made_good = said.made_good.map(convert::reason::parse);
                answer.reasons.extend(made_good);
                Decision {
                    answer,
                    source: convert::reason::decision(said.decision),
                    runs,
                }
            }
            Settled::BuiltIn(instead) => {
                let mut answer =
                    policy::built_in(&facts.order, terms, request, self.allowance, now);
                let because = instead.because.map(convert::reason::parse);
                answer.reasons.extend(because);
                Decision {
                    answer,
                    source: convert::reason::decision(instead.decision),
                    runs,
                }
            }
            Settled::Unanswered(unanswered) => decide_without(request, &unanswered.into(), runs),
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
        self.host
            .replay_kept(tenant, run, component)
            .await
            .map_err(|error| match error {
                ReplayError::Overloaded => Error::Overloaded,
                ReplayError::NotReplayable { .. }
                | ReplayError::WrongComponent { .. }
                | ReplayError::Load(_) => Error::RunNotReplayable {
                    run_id: run.run_id.clone(),
                    why: error.why(),
                },
            })
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

impl From<postlude_plugin_host::Unanswered> for Unanswered {
    fn from(unanswered: postlude_plugin_host::Unanswered) -> Self {
        Self {
            outcome: match unanswered.instead {
                Instead::Refuse => Outcome::Declined,
                Instead::Review => Outcome::NeedsReview,
            },
            reason: convert::reason::parse(unanswered.reason),
            source: convert::reason::decision(unanswered.decision),
            soon: unanswered.soon,
        }
    }
}
