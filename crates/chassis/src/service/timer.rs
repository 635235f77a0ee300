//! From a due timer to its handler.

use std::{
    error::Error,
    sync::{Arc, LazyLock},
    time::Duration,
};

use opentelemetry::{KeyValue, metrics::Histogram};
use postlude_kernel::{Fault, FaultKind};
use postlude_store::{
    DueTimer, TimerHandler,
    meter::{SECONDS, meter},
    trace,
};
use tokio::time::Instant;
use tracing::{Instrument as _, Span, field::Empty};

use crate::rpc;

static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter()
        .f64_histogram("postlude.timer.duration")
        .with_description("How long the work of a timer took.")
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build()
});

struct Timer<F> {
    service: &'static str,
    kind: &'static str,
    fire: F,
}

pub(super) fn handler<F, Fut, X>(
    service: &'static str,
    kind: &'static str,
    fire: F,
) -> Arc<dyn TimerHandler>
where
    F: Fn(DueTimer) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), X>> + Send + 'static,
    X: Fault,
{
    Arc::new(Timer {
        service,
        kind,
        fire,
    })
}

#[async_trait::async_trait]
impl<F, Fut, X> TimerHandler for Timer<F>
where
    F: Fn(DueTimer) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), X>> + Send + 'static,
    X: Fault,
{
    async fn fire(&self, timer: DueTimer) -> Result<(), Box<dyn Error + Send + Sync>> {
        let attempt = timer.attempt;
        let (tenant, key) = (timer.tenant.clone(), timer.key.clone());
        let span = tracing::info_span!(
            parent: None,
            "timer",
            service = self.service,
            kind = self.kind,
            otel.name = format!("timer {}", self.kind),
            attempt,
            otel.status_code = Empty,
            error.type = Empty,
        );
        // What nobody asks for now begins a trace of its own.
        let traceparent = trace::adopt(&span, None);
        let began = Instant::now();
        let work = async {
            let done = rpc::in_service(self.service, (self.fire)(timer)).await;
            self.measure(began.elapsed(), done.as_ref().err());
            done.map_err(|error| {
                let span = Span::current();
                span.record("otel.status_code", "ERROR");
                span.record("error.type", error.reason());
                let reason = rpc::causes(&error);
                // Somebody else was faster, and the next try sees what they did: nothing is wrong.
                if error.kind() == FaultKind::Aborted {
                    tracing::debug!(%tenant, key, attempt, %reason, "timer to be tried again");
                } else {
                    tracing::warn!(%tenant, key, attempt, %reason, "timer to be tried again");
                }
                Box::from(error)
            })
        };
        trace::scope(traceparent, work.instrument(span)).await
    }
}

impl<F> Timer<F> {
    fn measure<X: Fault>(&self, took: Duration, error: Option<&X>) {
        let mut labels = vec![
            KeyValue::new("postlude.service", self.service),
            KeyValue::new("postlude.timer.kind", self.kind),
        ];
        if let Some(error) = error {
            labels.push(KeyValue::new("error.type", error.reason()));
        }
        DURATION.record(took.as_secs_f64(), &labels);
    }
}
