//! What every service stands on, so that no service writes it twice.
//!
//! | module | owns |
//! | --- | --- |
//! | [`rpc`] | one request: caller, validation, error → status with google.rpc details |
//! | [`identity`] | who calls: short-lived signed tokens, minted and checked |
//! | [`service`] | a service's table of contents, and running it: routes, consumers, timers, tasks, drain |
//! | [`server`] | a port |
//! | [`tls`] | certificates: on ports and on calls between services |
//! | [`context`] | what a service is given to work with |
//! | [`clients`] | calls between services, in one process or over the network |
//! | [`outgoing`] | calls to the outside: address checks, signatures, the retry schedule |
//! | [`bindings`] | the plugin snapshot, kept fresh |
//! | [`config`] | defaults, file and environment, layered and checked |
//! | [`telemetry`] | logs, metrics, and the operations server |
//! | [`deadline`], [`trace`] | what a call hands on to the calls that it makes |
//! | [`health`] | grpc.health.v1 |
//!
//! Knows no service's messages (but the registry's, in [`bindings`]) and no table.

pub mod bindings;
pub mod caller;
pub mod clients;
pub mod config;
pub mod context;
pub mod deadline;
pub mod health;
pub mod identity;
pub mod outgoing;
mod reload;
pub mod rpc;
pub mod secret;
pub mod server;
pub mod service;
pub mod telemetry;
pub mod tls;
pub mod trace;

pub use caller::Caller;
pub use clients::{Clients, ServiceChannel};
pub use context::Context;
pub use outgoing::Outgoing;
pub use secret::Secret;
pub use service::{Received, Running, Service};
pub use tls::Tls;
