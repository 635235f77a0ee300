//! From a due timer to its handler.

use std::{error::Error, sync::Arc};

use postlude_kernel::Fault;
use postlude_store::{DueTimer, TimerHandler};
use tracing::Instrument as _;

use crate::rpc;

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
        let span = tracing::info_span!("timer", service = self.service, kind = self.kind);
        let attempt = timer.attempt;
        rpc::in_service(self.service, (self.fire)(timer))
            .instrument(span.clone())
            .await
            .map_err(|error| {
                let reason = rpc::causes(&error);
                tracing::warn!(parent: &span, attempt, %reason, "timer to be tried again");
                Box::from(error)
            })
    }
}
