//! Returns: what may come back, what came back, and what is paid for it.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`service`] | the table of contents: every RPC, consumer, timer and hook |
//! | `domain` | the decisions, pure |
//! | `rpc` | one file per method |
//! | `consumers`, `timers` | one file per event, one per kind of timer |
//! | `projection`, `facts` | what is known of an order, and what a decision rests on |
//! | `save`, `settlement` | what every change, and every end of a refund, does in its transaction |
//! | `hooks` | the policy: the tenant's plugin, or the built-in one |
//! | `label` | who gives labels |
//! | `store`, `migrations` | the tables |
//! | `convert` | contract ↔ domain |
//! | `config`, `error` | settings of the platform; every error with its reason |

mod app;
mod config;
mod consumers;
mod convert;
mod domain;
mod error;
mod facts;
mod hooks;
mod label;
mod migrations;
mod projection;
mod rpc;
mod save;
mod settlement;
mod store;
mod timers;

use std::sync::Arc;

use postlude_chassis::{Context, Service, bindings, config::ConfigError};
use postlude_plugin_host::{Bindings, Host, HostConfig, HostError, Limits, return_policy};
use postlude_proto::{
    returns::v1::{
        claim_service_server::ClaimServiceServer, return_service_server::ReturnServiceServer,
    },
    runs::v1::run_service_server::RunServiceServer,
};

pub use self::migrations::Migrator;
use self::{
    app::{App, Parts},
    config::Config,
    hooks::Hooks,
    label::BuiltInLabels,
};

/// The service's name: its section in the configuration, its schema, its error domain.
pub const NAME: &str = app::SERVICE;

/// The service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its section of the configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The host of plugins can't be set up.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// The service, ready to start.
///
/// # Errors
/// [`StartError`], before anything listens.
pub fn service(ctx: Context) -> Result<Service, StartError> {
    let config: Config = ctx.config.deserialize()?;
    let host = Host::new(HostConfig {
        limits: Limits {
            time: config.policy_time(),
            ..Limits::default()
        },
        cache_dir: ctx.data_dir.as_ref().map(|dir| dir.join("components")),
        ..HostConfig::new(Arc::clone(&ctx.clock), Arc::clone(&ctx.ids))
    })?;
    let policies = Arc::new(Bindings::new());
    let app = App::new(Parts {
        store: ctx.store.clone(),
        clients: ctx.clients.clone(),
        outgoing: ctx.outgoing.clone(),
        hooks: Hooks::new(host.clone(), Arc::clone(&policies), config.allowance()),
        labels: Arc::new(BuiltInLabels),
        config,
    });
    Ok(Service::new(&ctx)
        .rpc(ReturnServiceServer::new(rpc::Returns(app.clone())))
        .rpc(ClaimServiceServer::new(rpc::Claims(app.clone())))
        .rpc(RunServiceServer::new(rpc::Runs(app.clone())))
        .consumer("order-recorded", app.on(consumers::order_recorded::handle))
        .consumer(
            "order-lines-cancelled",
            app.on(consumers::order_lines_cancelled::handle),
        )
        .consumer(
            "payment-recorded",
            app.on(consumers::payment_recorded::handle),
        )
        .consumer(
            "shipment-recorded",
            app.on(consumers::shipment_recorded::handle),
        )
        .consumer(
            "tracking-advanced",
            app.on(consumers::tracking_advanced::handle),
        )
        .consumer(
            "shipment-delivered",
            app.on(consumers::shipment_delivered::handle),
        )
        .consumer(
            "customer-erasure-requested",
            app.on(consumers::customer_erasure_requested::handle),
        )
        .timer(timers::issue_label::KIND, app.on(timers::issue_label::fire))
        .timer(
            timers::refund_command::KIND,
            app.on(timers::refund_command::fire),
        )
        .timer(
            timers::expire_return::KIND,
            app.on(timers::expire_return::fire),
        )
        .timer(
            timers::exchange_deadline::KIND,
            app.on(timers::exchange_deadline::fire),
        )
        .timer(
            timers::lost_in_transit::KIND,
            app.on(timers::lost_in_transit::fire),
        )
        .timer(
            timers::close_window::KIND,
            app.on(timers::close_window::fire),
        )
        .task(
            "return-policy-bindings",
            bindings::keep_fresh(&ctx, return_policy::HOOK, host, policies),
        ))
}
