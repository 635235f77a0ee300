//! From the bus to a handler of one event.

use std::{marker::PhantomData, sync::Arc};

use postlude_bus::{ConsumerSpec, Delivery, Filter, Handler, Outcome};
use postlude_kernel::{Fault, TenantId, Timestamp};
use postlude_proto::Event;
use postlude_store::{Envelope, trace};
use tracing::{Instrument as _, Span, field::Empty};

use crate::rpc;

/// An event as a handler sees it.
#[derive(Debug, Clone)]
pub struct Received<E> {
    /// The event's id, the same at every delivery: what the inbox remembers.
    pub id: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// The aggregate that it is about.
    pub subject: String,
    /// The aggregate's revision that it tells.
    pub revision: i64,
    /// When it happened.
    pub time: Timestamp,
    /// The event itself.
    pub message: E,
}

struct Consumer<E, F> {
    service: &'static str,
    name: &'static str,
    system: &'static str,
    handle: F,
    event: PhantomData<fn() -> E>,
}

pub(super) fn entry<E, F, Fut, X>(
    service: &'static str,
    name: &'static str,
    system: &'static str,
    handle: F,
) -> (ConsumerSpec, Arc<dyn Handler>)
where
    E: Event + 'static,
    F: Fn(Received<E>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), X>> + Send + 'static,
    X: Fault,
{
    // One name per service and consumer: two services may hear the same event.
    let spec = ConsumerSpec::new(
        service,
        format!("{service}-{name}"),
        vec![Filter::new(E::DOMAIN, E::NAME)],
    );
    let handler = Consumer {
        service,
        name,
        system,
        handle,
        event: PhantomData::<fn() -> E>,
    };
    (spec, Arc::new(handler))
}

#[async_trait::async_trait]
impl<E, F, Fut, X> Handler for Consumer<E, F>
where
    E: Event + 'static,
    F: Fn(Received<E>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), X>> + Send + 'static,
    X: Fault,
{
    async fn handle(&self, delivery: Delivery) -> Outcome {
        let Delivery { envelope, attempt } = delivery;
        let message = match E::decode(envelope.payload.clone()) {
            Ok(message) => message,
            Err(error) => {
                return Outcome::Reject {
                    reason: format!("EVENT_UNREADABLE: {error}"),
                };
            }
        };
        let span = self.span(&envelope, attempt);
        let traceparent = trace::adopt(&span, envelope.traceparent);
        let received = Received {
            id: envelope.id,
            tenant: envelope.tenant,
            subject: envelope.subject,
            revision: envelope.revision,
            time: envelope.time,
            message,
        };
        let work = async {
            let result = rpc::in_service(self.service, (self.handle)(received)).await;
            result.map_or_else(|error| failed(&error, attempt), |()| Outcome::Done)
        };
        trace::scope(traceparent, work.instrument(span)).await
    }
}

impl<E: Event, F> Consumer<E, F> {
    /// Each delivery is a span, the child of the one under which the event was sent.
    fn span(&self, event: &Envelope, attempt: u32) -> Span {
        tracing::info_span!(
            parent: None,
            "event",
            service = self.service,
            consumer = self.name,
            otel.kind = "consumer",
            otel.name = format!("process {}", E::TYPE),
            messaging.system = self.system,
            messaging.operation.name = "process",
            messaging.operation.type = "process",
            messaging.destination.name = E::TYPE,
            messaging.consumer.group.name = format!("{}-{}", self.service, self.name),
            messaging.message.id = event.id,
            attempt,
            otel.status_code = Empty,
            error.type = Empty,
        )
    }
}

/// What becomes of a delivery that failed; runs inside of its span.
fn failed<X: Fault>(error: &X, attempt: u32) -> Outcome {
    let span = Span::current();
    span.record("otel.status_code", "ERROR");
    span.record("error.type", error.reason());
    let reason = format!("{}: {}", error.reason(), rpc::causes(error));
    if error.kind().is_transient() {
        tracing::warn!(attempt, %reason, "event to be tried again");
        // The consumer's backoff decides when: what an error advises is meant for callers, and would
        // use up the deliveries within seconds.
        Outcome::RetryLater {
            after: None,
            reason,
        }
    } else {
        tracing::error!(attempt, %reason, "event rejected");
        Outcome::Reject { reason }
    }
}
