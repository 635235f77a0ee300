//! What operators see: logs, metrics, probes. Never per method by hand.

pub mod calls;
mod log;
pub mod metrics;
pub mod ops;

pub use log::{Format, LogConfig, LogError, LogLevel, init};
