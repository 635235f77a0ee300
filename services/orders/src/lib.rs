//! What was bought, by whom, and where the parcel is.
//!
//! - [`domain`]: the decisions, pure.
//! - [`rpc`]: one file per request. [`consumers`]: one per event. [`timers`]: what time brings.
//! - [`store`] and [`migrations`]: tables. [`convert`]: proto ↔ domain.
//!
//! The table of contents is [`service`].
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::wildcard_enum_match_arm,
        reason = "a test may fail loudly"
    )
)]

mod config;
mod consumers;
mod convert;
mod domain;
mod error;
mod migrations;
mod rpc;
mod store;
mod timers;

use std::sync::Arc;

use postlude_chassis::{Context, Service, config::ConfigError};
use postlude_proto::{
    orders::v1::{
        CustomerErasureCompleted, customer_service_server::CustomerServiceServer,
        order_service_server::OrderServiceServer,
    },
    returns::v1::CustomerErasureCompleted as ReturnsErasureCompleted,
};
use postlude_store::Store;

use config::Config;
pub use migrations::Migrator;

/// What every handler works with.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) config: Arc<Config>,
}

/// The service: every RPC, consumer and timer.
///
/// # Errors
/// [`ConfigError`] if its section of the configuration can't be used.
pub fn service(ctx: Context) -> Result<Service, ConfigError> {
    let app = App {
        store: ctx.store.clone(),
        config: Arc::new(ctx.config.deserialize()?),
    };
    Ok(Service::new(&ctx)
        .rpc(OrderServiceServer::new(rpc::Orders(app.clone())))
        .rpc(CustomerServiceServer::new(rpc::Customers(app.clone())))
        .consumer("customer-erasure-requested", {
            let app = app.clone();
            move |event| consumers::customer_erasure_requested::handle(app.clone(), event)
        })
        .consumer("customer-erasure-completed-orders", {
            let app = app.clone();
            move |event| {
                consumers::customer_erasure_completed::handle::<CustomerErasureCompleted>(
                    app.clone(),
                    event,
                )
            }
        })
        .consumer("customer-erasure-completed-returns", {
            let app = app.clone();
            move |event| {
                consumers::customer_erasure_completed::handle::<ReturnsErasureCompleted>(
                    app.clone(),
                    event,
                )
            }
        })
        .timer(timers::stuck_shipment::KIND, {
            move |timer| timers::stuck_shipment::fire(app.clone(), timer)
        }))
}
