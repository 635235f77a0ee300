//! What the service decides, pure: state and a command go in, the new state and events come out.
//!
//! Knows no proto, no database and no async. Reasons for saying no are in [`refusal`].

pub(crate) mod cancellation;
pub(crate) mod carrier_words;
pub(crate) mod consent;
pub(crate) mod content;
pub(crate) mod customer;
pub(crate) mod erasure;
pub(crate) mod event;
pub(crate) mod order;
pub(crate) mod payment;
pub(crate) mod refusal;
pub(crate) mod shipment;
pub(crate) mod tracking;

#[cfg(test)]
mod samples;
