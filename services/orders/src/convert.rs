//! Proto ↔ domain. What comes in is parsed once, here; what goes out is whole.

pub(crate) mod customer;
pub(crate) mod erasure;
pub(crate) mod order;
pub(crate) mod parse;
pub(crate) mod shipment;
pub(crate) mod words;
