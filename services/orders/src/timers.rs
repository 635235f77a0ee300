//! What time alone brings, one file per timer.

pub(crate) mod stuck_shipment;
