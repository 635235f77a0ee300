//! What outbox, bus and consumers share: one event with its attributes, and the door of a bus.

use bytes::Bytes;
use postlude_kernel::{TenantId, Timestamp};

/// One event on its way: the attributes of CloudEvents and the message as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `ce-id`: the outbox row's id. It never changes, also when the event is sent again.
    pub id: String,
    /// `ce-type`: `postlude.orders.order-recorded.v1`.
    pub r#type: String,
    /// The service that tells it: `orders`.
    pub domain: String,
    /// The event's name: `order-recorded`.
    pub name: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// `ce-subject`: the aggregate's id.
    pub subject: String,
    /// The aggregate's revision after this event; consecutive per aggregate.
    pub revision: i64,
    /// `ce-time`: when it happened.
    pub time: Timestamp,
    /// The trace that it belongs to, as W3C has it.
    pub traceparent: Option<String>,
    /// The message.
    pub payload: Bytes,
}

/// Takes committed events over. A bus implements it; the [`relay`](crate::relay) calls it.
#[async_trait::async_trait]
pub trait Publish: Send + Sync {
    /// Takes a batch over durably, or says that it didn't. An event that came before (by its id) is
    /// taken and changes nothing.
    async fn publish(&self, batch: Vec<Envelope>) -> Result<(), PublishError>;

    /// What carries the events, as traces and metrics name it: `nats`, or `postlude` for what never
    /// leaves the process.
    fn system(&self) -> &'static str {
        "postlude"
    }

    /// Which broker it is that keeps what was published. When it becomes another one (its store was
    /// lost, or it was replaced), what is kept in the outbox is sent to it again. `None` where that
    /// can't happen.
    async fn incarnation(&self) -> Result<Option<String>, PublishError> {
        Ok(None)
    }
}

/// A batch was not taken over, or nobody knows; it is sent again.
#[derive(Debug, thiserror::Error)]
#[error("the bus did not take the events over")]
pub struct PublishError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl PublishError {
    /// Wraps what the transport said.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Tells a bus which dead letters it must empty, because a customer was erased.
///
/// It travels the way of every event, so that it survives a crash; it is meant for the bus itself and
/// no consumer hears it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Redaction {
    /// Ids of events.
    #[prost(string, repeated, tag = "1")]
    pub event_ids: Vec<String>,
}

impl Redaction {
    /// The domain of the envelope.
    pub const DOMAIN: &'static str = "store";
    /// The name of the envelope.
    pub const NAME: &'static str = "events-redacted";
    /// The type of the envelope.
    pub const TYPE: &'static str = "postlude.store.events-redacted.v1";

    /// The redaction that an envelope carries, if it carries one.
    #[must_use]
    pub fn of(envelope: &Envelope) -> Option<Self> {
        (envelope.r#type == Self::TYPE)
            .then(|| prost::Message::decode(envelope.payload.clone()).ok())
            .flatten()
    }
}
