//! The trace that the current work belongs to, so that events carry it on.

use std::future::Future;

tokio::task_local! {
    static TRACEPARENT: String;
}

/// Runs work under a W3C `traceparent`; events that it emits carry it.
pub async fn scope<F: Future>(traceparent: String, work: F) -> F::Output {
    TRACEPARENT.scope(traceparent, work).await
}

/// The `traceparent` of the work that runs now.
#[must_use]
pub fn current() -> Option<String> {
    TRACEPARENT.try_with(Clone::clone).ok()
}
