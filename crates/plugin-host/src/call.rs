//! A call, whatever the hook: asked on a thread of the pool, judged, told to the breaker, recorded.
//!
//! A call goes facts → message → guest → message → answer: the messages are what is recorded, so
//! that a replay repeats exactly what ran.

use std::sync::Arc;

use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};
use postlude_proto::runs::v1 as proto;
use tracing::Instrument as _;

use crate::{
    binding::{Binding, BindingState, Bindings, Bound, FaultAction},
    breaker::Ended,
    check::Broken,
    component::Component,
    fault::{FaultCode, PluginError, PluginFault},
    hook::{Call, Ran, Said},
    host::{Host, Inner},
    run::{Answer, Failed, RunAction, RunRecord, RunResult, Verdict},
    sandbox::{self, Spent},
    span,
};

/// One call that ran.
struct Executed<O> {
    said: Result<O, PluginFault>,
    output: Bytes,
    spent: Spent,
}

impl Host {
    /// Asks what the tenant is bound to, and what answered before it where that is what the binding
    /// wants. `judge` makes an answer of what was said, or names the rule that it breaks.
    pub(crate) async fn ask<C, T, J>(
        &self,
        bindings: &Bindings,
        tenant: &TenantId,
        subject: &str,
        input: C,
        judge: J,
    ) -> Answer<T>
    where
        C: Call,
        T: Send + 'static,
        J: Fn(<C::Output as Said>::Answer) -> Result<T, Broken> + Clone + Send + 'static,
    {
        let bound = match bindings.get(tenant) {
            BindingState::NoSnapshot => return Answer::without_run(Verdict::NoSnapshot, None),
            BindingState::None => return Answer::without_run(Verdict::NoPlugin, None),
            BindingState::Bound(bound) => bound,
        };
        let Some(previous) = bound.previous.clone() else {
            return self.ask_one(bound, tenant, subject, input, judge).await;
        };
        let first = self
            .ask_one(bound, tenant, subject, input.clone(), judge.clone())
            .await;
        match (&first.verdict, &first.binding) {
            (Verdict::Fault(fault), Some(binding)) if fault.code.is_the_plugins() => {
                let failed = Failed {
                    binding: Arc::clone(binding),
                    fault: fault.clone(),
                    run: first.run,
                };
                let second = self.ask_one(previous, tenant, subject, input, judge).await;
                Answer {
                    failed: Some(failed),
                    ..second
                }
            }
            _ => first,
        }
    }

    async fn ask_one<C, T, J>(
        &self,
        bound: Arc<Bound>,
        tenant: &TenantId,
        subject: &str,
        input: C,
        judge: J,
    ) -> Answer<T>
    where
        C: Call,
        T: Send + 'static,
        J: FnOnce(<C::Output as Said>::Answer) -> Result<T, Broken> + Send + 'static,
    {
        let span = span::begin(&bound.binding, C::HOOK, C::FUNCTION);
        let answer = self
            .ask_bound(bound, tenant, subject, input, judge)
            .instrument(span.clone())
            .await;
        span::end(&span, C::HOOK, &answer);
        answer
    }

    async fn ask_bound<C, T, J>(
        &self,
        bound: Arc<Bound>,
        tenant: &TenantId,
        subject: &str,
        input: C,
        judge: J,
    ) -> Answer<T>
    where
        C: Call,
        T: Send + 'static,
        J: FnOnce(<C::Output as Said>::Answer) -> Result<T, Broken> + Send + 'static,
    {
        let binding = Arc::clone(&bound.binding);
        let faulted = |code, message: String| {
            let fault = PluginFault::new(code, message);
            Answer::without_run(Verdict::Fault(fault), Some(Arc::clone(&binding)))
        };
        let component = match &bound.component {
            Ok(component) if component.answers(C::HOOK) => component.clone(),
            Ok(_) => {
                let why = format!("the component doesn't answer the hook `{}`", C::HOOK);
                return faulted(FaultCode::ComponentUnavailable, why);
            }
            Err(why) => return faulted(FaultCode::ComponentUnavailable, why.clone()),
        };
        let inner = self.inner();
        let now = inner.clock.now();
        if !inner
            .breakers
            .admit(tenant, &binding.plugin_id, C::HOOK, now)
        {
            return faulted(
                FaultCode::BreakerOpen,
                format!("`{}` failed too often of late", binding.plugin_id),
            );
        }
        let (subject, asker) = (subject.to_owned(), tenant.clone());
        let asked = self
            .on_pool(tenant, move |inner| {
                call(inner, &asker, &bound, &component, subject, &input, judge)
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
                inner
                    .breakers
                    .ended(tenant, &binding.plugin_id, C::HOOK, now, Ended::Unsaid);
                Answer::without_run(Verdict::Overloaded, Some(binding))
            }
        }
    }
}

/// Runs on a thread of the pool: executes, judges, tells the breaker, writes the record.
fn call<C: Call, T>(
    inner: &Inner,
    tenant: &TenantId,
    bound: &Bound,
    component: &Component,
    subject: String,
    input: &C,
    judge: impl FnOnce(<C::Output as Said>::Answer) -> Result<T, Broken>,
) -> (Verdict<T>, RunRecord) {
    let binding = &bound.binding;
    let run_time = inner.clock.now();
    let mut recorded: Bytes = input.encode_to_vec().into();
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
        Ok(said) => match said.into_answer().unwrap_or_else(|| Err(nothing())) {
            Ok(answer) => match judge(answer) {
                Ok(answer) => Verdict::Answered(answer),
                Err(broken) => Verdict::Fault(PluginFault::new(
                    FaultCode::DecisionInvalid,
                    broken.to_string(),
                )),
            },
            Err(error) => Verdict::Declined(PluginError {
                code: error.code,
                message: error.message,
            }),
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
    inner.breakers.ended(
        tenant,
        &binding.plugin_id,
        C::HOOK,
        inner.clock.now(),
        ended,
    );
    let ran = Recorded {
        subject,
        input: recorded,
        output: executed.output,
        spent: executed.spent,
        run_time,
    };
    let record = record::<C, T>(inner, binding, ran, &verdict);
    (verdict, record)
}

struct Recorded {
    subject: String,
    input: Bytes,
    output: Bytes,
    spent: Spent,
    run_time: Timestamp,
}

fn record<C: Call, T>(
    inner: &Inner,
    binding: &Binding,
    ran: Recorded,
    verdict: &Verdict<T>,
) -> RunRecord {
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
        hook: C::HOOK.to_owned(),
        function: C::FUNCTION.to_owned(),
        subject: ran.subject,
        plugin_id: binding.plugin_id.clone(),
        plugin_version: binding.plugin_version.clone(),
        component_digest: binding.component_digest.clone(),
        config_json: binding.config_json.clone(),
        config_digest: binding.config_digest.clone(),
        contract_digest: inner.contract_digest(C::HOOK).to_owned(),
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

/// One call in a sandbox of its own. Judges nothing but the answer's size.
fn execute<C: Call>(
    inner: &Inner,
    component: &Component,
    input: &C,
    config: Arc<str>,
) -> Executed<C::Output> {
    let fuel = inner
        .limits
        .fuel_per_line
        .saturating_mul(input.lines())
        .saturating_add(inner.limits.fuel);
    let (said, spent) = sandbox::run(&inner.engine, &inner.limits, fuel, config, |store| {
        input.ask(component, store)
    });
    let output: Bytes = said
        .as_ref()
        .map(prost::Message::encode_to_vec)
        .unwrap_or_default()
        .into();
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

/// One call on a recorded input, with no record made; `None` if the input can't be read.
pub(crate) fn run<C: Call>(
    inner: &Inner,
    component: &Component,
    input: &[u8],
    config: Arc<str>,
) -> Option<Ran> {
    let input = C::decode(input).ok()?;
    let executed = execute(inner, component, &input, config);
    Some(Ran {
        said: executed.said.map(|said| said.is_error()),
        output: executed.output,
        spent: executed.spent,
    })
}

fn nothing() -> proto::PluginError {
    proto::PluginError {
        code: "NO_ANSWER".to_owned(),
        message: "the plugin said nothing".to_owned(),
    }
}
