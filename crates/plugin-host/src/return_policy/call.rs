//! The two calls, and a run again.

use std::sync::Arc;

use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};
use postlude_proto::runs::v1::{
    ReturnPolicyDecideInput, ReturnPolicyDecideOutput, ReturnPolicyTermsInput,
    ReturnPolicyTermsOutput, return_policy_decide_output, return_policy_terms_output,
};
use sha2::{Digest as _, Sha256};
use tracing::Instrument as _;

use super::{
    HOOK, bindings, check, guest, message,
    types::{CallContext, Decision, Facts, Order, OrderTerms},
    wire::{Input, Said},
};
use crate::{
    binding::{Binding, BindingState, Bindings, Bound, FaultAction},
    breaker::Ended,
    component::Component,
    fault::{FaultCode, PluginError, PluginFault},
    host::{Host, Inner},
    run::{Answer, Failed, Replay, ReplayError, RunAction, RunRecord, RunResult, Verdict},
    sandbox::{self, Spent},
    span,
};

/// An answer that keeps the hook's rules, the plugin's own "no answer", or a rule that was broken.
type Judged<T> = Result<Result<T, postlude_proto::runs::v1::PluginError>, check::Broken>;

/// One call that ran.
struct Executed {
    said: Result<Said, PluginFault>,
    output: Bytes,
    spent: Spent,
}

impl Host {
    /// Asks the tenant's plugin for the terms of an order that has just arrived.
    ///
    /// Never blocks the caller's thread and never fails: the answer says what came of it.
    pub async fn return_policy_terms(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        order: &Order,
    ) -> Answer<OrderTerms> {
        let input = Input::Terms(ReturnPolicyTermsInput {
            context: Some(message::context(context, seed(tenant, context, order))),
            order: Some(message::order(order)),
        });
        let order = order.clone();
        self.ask(bindings, tenant, context, input, move |said| match said {
            Said::Terms(said) => match said.answer {
                Some(return_policy_terms_output::Answer::Terms(said)) => {
                    check::terms(&order, said).map(Ok)
                }
                Some(return_policy_terms_output::Answer::Error(error)) => Ok(Err(error)),
                None => Ok(Err(nothing())),
            },
            Said::Decide(_) => Ok(Err(nothing())),
        })
        .await
    }

    /// Asks the tenant's plugin whether something may come back.
    ///
    /// Never blocks the caller's thread and never fails: the answer says what came of it.
    pub async fn return_policy_decide(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        facts: &Facts,
        terms: &OrderTerms,
    ) -> Answer<Decision> {
        let input = Input::Decide(ReturnPolicyDecideInput {
            context: Some(message::context(
                context,
                seed(tenant, context, &facts.order),
            )),
            facts: Some(message::facts(facts)),
            terms: Some(message::terms(terms, facts.order.currency)),
        });
        let (facts, terms, asked) = (facts.clone(), terms.clone(), context.clone());
        self.ask(bindings, tenant, context, input, move |said| match said {
            Said::Decide(said) => match said.answer {
                Some(return_policy_decide_output::Answer::Decision(said)) => {
                    check::decision(&asked, &facts, &terms, said).map(Ok)
                }
                Some(return_policy_decide_output::Answer::Error(error)) => Ok(Err(error)),
                None => Ok(Err(nothing())),
            },
            Said::Terms(_) => Ok(Err(nothing())),
        })
        .await
    }

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
        let input = Input::decode(record).ok_or_else(|| refused("its input can't be read"))?;
        let config: Arc<str> = record.config_json.as_str().into();
        let component = component.clone();
        let executed = self
            .on_pool(&record.tenant, move |inner| {
                execute(inner, &component, &input, config)
            })
            .await
            .map_err(|_| ReplayError::Overloaded)?
            .ok_or_else(|| refused("the host failed"))?;
        let (result, fault) = match executed.said {
            // A broken rule was found after the same bytes had come out.
            Ok(_) if record.result == RunResult::Fault && executed.output == record.output => {
                (RunResult::Fault, record.fault.clone())
            }
            Ok(said) if said.is_error() => (RunResult::PluginError, None),
            Ok(_) => (RunResult::Decided, None),
            Err(fault) => (RunResult::Fault, Some(fault)),
        };
        let code = |fault: &Option<PluginFault>| fault.as_ref().map(|fault| fault.code);
        Ok(Replay {
            identical: result == record.result
                && code(&fault) == code(&record.fault)
                && executed.output == record.output,
            output: executed.output,
            result,
            fault,
            fuel: executed.spent.fuel,
            same_engine: record.engine_hash == self.engine_hash(),
        })
    }

    async fn ask<T: Send + 'static>(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        context: &CallContext,
        input: Input,
        judge: impl Fn(Said) -> Judged<T> + Clone + Send + 'static,
    ) -> Answer<T> {
        let bound = match bindings.get(tenant) {
            BindingState::NoSnapshot => return Answer::without_run(Verdict::NoSnapshot, None),
            BindingState::None => return Answer::without_run(Verdict::NoPlugin, None),
            BindingState::Bound(bound) => bound,
        };
        let Some(previous) = bound.previous.clone() else {
            return self.ask_one(bound, tenant, context, input, judge).await;
        };
        let first = self
            .ask_one(bound, tenant, context, input.clone(), judge.clone())
            .await;
        match (&first.verdict, &first.binding) {
            (Verdict::Fault(fault), Some(binding)) if fault.code.is_the_plugins() => {
                let failed = Failed {
                    binding: Arc::clone(binding),
                    fault: fault.clone(),
                    run: first.run,
                };
                let second = self.ask_one(previous, tenant, context, input, judge).await;
                Answer {
                    failed: Some(failed),
                    ..second
                }
            }
            _ => first,
        }
    }

    async fn ask_one<T: Send + 'static>(
        &self,
        bound: Arc<Bound>,
        tenant: &TenantId,
        context: &CallContext,
        input: Input,
        judge: impl FnOnce(Said) -> Judged<T> + Send + 'static,
    ) -> Answer<T> {
        let span = span::begin(&bound.binding, HOOK, input.function());
        let answer = self
            .ask_bound(bound, tenant, context, input, judge)
            .instrument(span.clone())
            .await;
        span::end(&span, HOOK, &answer);
        answer
    }

    async fn ask_bound<T: Send + 'static>(
        &self,
        bound: Arc<Bound>,
        tenant: &TenantId,
        context: &CallContext,
        input: Input,
        judge: impl FnOnce(Said) -> Judged<T> + Send + 'static,
    ) -> Answer<T> {
        let binding = Arc::clone(&bound.binding);
        let faulted = |code, message: String| {
            let fault = PluginFault::new(code, message);
            Answer::without_run(Verdict::Fault(fault), Some(Arc::clone(&binding)))
        };
        let component = match &bound.component {
            Ok(component) => component.clone(),
            Err(why) => return faulted(FaultCode::ComponentUnavailable, why.clone()),
        };
        let now = self.inner().clock.now();
        if !self
            .inner()
            .breakers
            .admit(tenant, &binding.plugin_id, HOOK, now)
        {
            return faulted(
                FaultCode::BreakerOpen,
                format!("`{}` failed too often of late", binding.plugin_id),
            );
        }
        let subject = context.subject.clone();
        let job_tenant = tenant.clone();
        let asked = self
            .on_pool(tenant, move |inner| {
                call(
                    inner,
                    &job_tenant,
                    &bound,
                    &component,
                    subject,
                    &input,
                    judge,
                )
            })
            .await;
        match asked {
            Ok(Some((verdict, run))) => Answer {
                verdict,
                binding: Some(binding),
                run: Some(run),
                failed: None,
            },
            Ok(None) => faulted(FaultCode::HostFailed, "the host failed".to_owned()),
            Err(_full) => {
                self.inner()
                    .breakers
                    .ended(tenant, &binding.plugin_id, HOOK, now, Ended::Unsaid);
                Answer::without_run(Verdict::Overloaded, Some(binding))
            }
        }
    }
}

/// Runs on a thread of the pool: executes, judges, tells the breaker, writes the record.
fn call<T>(
    inner: &Inner,
    tenant: &TenantId,
    bound: &Bound,
    component: &Component,
    subject: String,
    input: &Input,
    judge: impl FnOnce(Said) -> Judged<T>,
) -> (Verdict<T>, RunRecord) {
    let binding = &bound.binding;
    let run_time = inner.clock.now();
    let mut recorded = input.encode();
    let executed = if recorded.len() > inner.limits.input_bytes {
        let message = format!(
            "the facts take {} bytes, and a plugin is given {} at most",
            recorded.len(),
            inner.limits.input_bytes
        );
        // Too large to be given is too large to be kept.
        recorded = Bytes::new();
        Executed {
            said: Err(PluginFault::new(FaultCode::InputTooLarge, message)),
            output: Bytes::new(),
            spent: Spent::default(),
        }
    } else {
        execute(inner, component, input, binding.config_json.as_str().into())
    };
    let verdict = match executed.said {
        Ok(said) => match judge(said) {
            Ok(Ok(answer)) => Verdict::Answered(answer),
            Ok(Err(error)) => Verdict::Declined(PluginError {
                code: error.code,
                message: error.message,
            }),
            Err(broken) => Verdict::Fault(PluginFault::new(
                FaultCode::DecisionInvalid,
                broken.to_string(),
            )),
        },
        Err(fault) => Verdict::Fault(fault),
    };
    let ended = match &verdict {
        Verdict::Fault(fault) if fault.code.counts() => Ended::Badly,
        Verdict::Fault(_) | Verdict::NoPlugin | Verdict::NoSnapshot | Verdict::Overloaded => {
            Ended::Unsaid
        }
        Verdict::Answered(_) | Verdict::Declined(_) => Ended::Well,
    };
    inner
        .breakers
        .ended(tenant, &binding.plugin_id, HOOK, inner.clock.now(), ended);
    let record = record(
        inner,
        binding,
        Recorded {
            function: input.function(),
            subject,
            input: recorded,
            output: executed.output,
            spent: executed.spent,
            run_time,
        },
        &verdict,
    );
    (verdict, record)
}

struct Recorded {
    function: &'static str,
    subject: String,
    input: Bytes,
    output: Bytes,
    spent: Spent,
    run_time: Timestamp,
}

fn record<T>(inner: &Inner, binding: &Binding, ran: Recorded, verdict: &Verdict<T>) -> RunRecord {
    let (result, fault) = match verdict {
        Verdict::Answered(_) => (RunResult::Decided, None),
        Verdict::Declined(_) => (RunResult::PluginError, None),
        Verdict::Fault(fault) => (RunResult::Fault, Some(fault.clone())),
        Verdict::NoPlugin | Verdict::NoSnapshot | Verdict::Overloaded => (RunResult::Fault, None),
    };
    let action = match result {
        RunResult::Decided => RunAction::Used,
        // An answer that there is none is an answer: nobody else is asked for another.
        RunResult::PluginError if binding.fault_action == FaultAction::PreviousGeneration => {
            RunAction::ManualReview
        }
        RunResult::PluginError | RunResult::Fault => binding.fault_action.into(),
    };
    RunRecord {
        run_id: inner.ids.id("run", ran.run_time),
        tenant: binding.tenant.clone(),
        hook: HOOK.to_owned(),
        function: ran.function.to_owned(),
        subject: ran.subject,
        plugin_id: binding.plugin_id.clone(),
        plugin_version: binding.plugin_version.clone(),
        component_digest: binding.component_digest.clone(),
        config_json: binding.config_json.clone(),
        config_digest: binding.config_digest.clone(),
        contract_digest: inner.contract_digest.clone(),
        generation: binding.generation,
        result,
        fault,
        fuel: ran.spent.fuel,
        duration_micros: ran.spent.micros,
        memory_bytes: ran.spent.memory_bytes,
        action,
        input: ran.input,
        output: ran.output,
        logs: ran.spent.logs,
        run_time: ran.run_time,
        engine_hash: inner.engine_hash.clone(),
    }
}

/// What a guest says, as it would be recorded, and what that took, with no record made.
pub(super) fn output(
    inner: &Inner,
    component: &Component,
    input: &Input,
    config: Arc<str>,
) -> (Result<Bytes, PluginFault>, Spent) {
    let executed = execute(inner, component, input, config);
    (executed.said.map(|_| executed.output), executed.spent)
}

/// One call in a sandbox of its own. Judges nothing but the answer's size.
fn execute(inner: &Inner, component: &Component, input: &Input, config: Arc<str>) -> Executed {
    let fuel = inner
        .limits
        .fuel_per_line
        .saturating_mul(input.lines())
        .saturating_add(inner.limits.fuel);
    let (said, spent) = sandbox::run(&inner.engine, &inner.limits, fuel, config, |store| {
        let instance = bindings::instantiate(component.return_policy(), store)?;
        let policy = instance.postlude_return_policy_policy();
        match input {
            Input::Terms(input) => {
                let context = guest::context(input.context.as_ref().unwrap_or(&NO_CONTEXT));
                let order = guest::order(input.order.as_ref().ok_or(guest::Misfit("order"))?)?;
                let answer = policy.call_terms(&mut *store, &context, &order)?;
                Ok(Said::Terms(ReturnPolicyTermsOutput {
                    answer: Some(match answer {
                        Ok(terms) => {
                            return_policy_terms_output::Answer::Terms(guest::said_terms(terms))
                        }
                        Err(error) => {
                            return_policy_terms_output::Answer::Error(guest::said_error(error))
                        }
                    }),
                }))
            }
            Input::Decide(input) => {
                let context = guest::context(input.context.as_ref().unwrap_or(&NO_CONTEXT));
                let facts = guest::facts(input.facts.as_ref().ok_or(guest::Misfit("facts"))?)?;
                let terms = guest::terms(input.terms.as_ref().ok_or(guest::Misfit("terms"))?)?;
                let answer = policy.call_decide(&mut *store, &context, &facts, &terms)?;
                Ok(Said::Decide(ReturnPolicyDecideOutput {
                    answer: Some(match answer {
                        Ok(decision) => return_policy_decide_output::Answer::Decision(
                            guest::said_decision(decision),
                        ),
                        Err(error) => {
                            return_policy_decide_output::Answer::Error(guest::said_error(error))
                        }
                    }),
                }))
            }
        }
    });
    let output = said.as_ref().map(Said::encode).unwrap_or_default();
    if output.len() > inner.limits.output_bytes {
        let message = format!(
            "the answer takes {} bytes, and {} are allowed",
            output.len(),
            inner.limits.output_bytes
        );
        return Executed {
            said: Err(PluginFault::new(FaultCode::OutputTooLarge, message)),
            output: Bytes::new(),
            spent,
        };
    }
    Executed {
        said,
        output,
        spent,
    }
}

static NO_CONTEXT: postlude_proto::runs::v1::ReturnPolicyContext =
    postlude_proto::runs::v1::ReturnPolicyContext {
        now_micros: 0,
        seed: 0,
        locale: String::new(),
        utc_offset_minutes: 0,
    };

/// Chance as data: the same tenant, subject and lines have the same.
fn seed(tenant: &TenantId, context: &CallContext, order: &Order) -> u64 {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    part(tenant.as_str());
    part(&context.subject);
    for line in &order.lines {
        part(&line.line_id);
    }
    let digest = hash.finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

fn nothing() -> postlude_proto::runs::v1::PluginError {
    postlude_proto::runs::v1::PluginError {
        code: "NO_ANSWER".to_owned(),
        message: "the plugin said nothing".to_owned(),
    }
}
