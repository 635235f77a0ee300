//! What operators see: logs, traces, metrics, probes. Never per method by hand.
//!
//! - [`init`]: sets logs, traces and metrics up for a process; [`Telemetry`] ends them.
//! - [`calls`]: one call, measured. [`watch`]: what is looked at every few seconds.
//! - [`metrics`]: the meter, and `/metrics`. [`ops`]: the operations server.

pub mod calls;
mod json;
mod log;
pub mod metrics;
pub mod ops;
mod otlp;
mod process;
mod watch;

pub use log::{Format, LogConfig, LogLevel};
pub use otlp::{OtlpError, TelemetryConfig};
pub use process::{Telemetry, TelemetryError, init};
pub(crate) use watch::watch;
