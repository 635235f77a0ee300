//! Events from those who tell them to those who want to hear: at least once, in any order.
//!
//! - [`Bus`]: what a transport offers. [`Handler`]: what a consumer does with an event.
//! - [`EmbeddedBus`]: the transport for one process, on a durable log in a database of its own.
//! - [`JetStreamBus`]: the transport between processes, on NATS JetStream.
//! - [`mod@conformance`]: what every transport must hold, as a suite to run against it.
//!
//! It doesn't know what an event means. An effect that must happen once is the consumer's business:
//! an inbox row in the transaction of the effect.

mod bus;
pub mod conformance;
mod consumer;
mod embedded;
mod handling;
mod jetstream;
mod meter;

pub use bus::{
    Bus, BusError, ConsumerSpec, DeadLetter, DeadLetterFilter, Delivery, Filter, Handler, Lag,
    Outcome,
};
pub use embedded::EmbeddedBus;
pub use jetstream::{JetStreamBus, JetStreamConfig};
pub use postlude_store::{Envelope, Publish, PublishError};
