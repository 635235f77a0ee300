//! The durable log that the embedded bus stands on.
