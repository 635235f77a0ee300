//! A call of a plugin as a span of the work that asks.

use tracing::{Span, field::Empty};

use crate::{
    binding::Binding,
    meter,
    run::{Answer, Verdict},
};

/// The span of a call that is about to be made.
pub(crate) fn begin(binding: &Binding, hook: &'static str, function: &'static str) -> Span {
    tracing::info_span!(
        "plugin",
        otel.kind = "internal",
        otel.name = format!("{hook} {function}"),
        postlude.plugin.hook = hook,
        postlude.plugin.function = function,
        postlude.plugin.id = binding.plugin_id,
        postlude.plugin.version = binding.plugin_version,
        postlude.plugin.digest = binding.component_digest,
        postlude.run.id = Empty,
        postlude.plugin.fuel = Empty,
        postlude.plugin.memory = Empty,
        otel.status_code = Empty,
        error.type = Empty,
    )
}

/// Notes in the span, and counts, what came of the call.
pub(crate) fn end<T>(span: &Span, hook: &'static str, answer: &Answer<T>) {
    if let Some(run) = &answer.run {
        span.record("postlude.run.id", run.run_id.as_str());
        span.record("postlude.plugin.fuel", run.fuel);
        span.record("postlude.plugin.memory", run.memory_bytes);
        meter::ran(run);
    }
    let fault = match &answer.verdict {
        Verdict::Fault(fault) => fault.code.as_str(),
        Verdict::Overloaded => "OVERLOADED",
        Verdict::Answered(_) | Verdict::Declined(_) | Verdict::NoPlugin | Verdict::NoSnapshot => {
            return;
        }
    };
    span.record("otel.status_code", "ERROR");
    span.record("error.type", fault);
    meter::faulted(hook, fault);
}
