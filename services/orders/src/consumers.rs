//! What other services' (and this one's own) facts change here, one file per event.

pub(crate) mod customer_erasure_completed;
pub(crate) mod customer_erasure_requested;
