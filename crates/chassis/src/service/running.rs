//! A service at work, and its end.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use postlude_bus::{Bus, ConsumerSpec, Handler};
use postlude_store::{Publish, Store, relay, timers};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::service::Routes;

use super::Service;
use crate::{
    health::{ServiceHealth, Vitals},
    identity::guard::Guard,
    rpc,
    telemetry::{self, metrics},
};

/// A consumer that the bus gave up on starts again after this long.
const AGAIN: Duration = Duration::from_secs(1);

/// A service that was started.
#[derive(Debug, Clone)]
pub struct Running {
    name: &'static str,
    grpc_names: Arc<[String]>,
    routes: Routes,
    store: Store,
    vitals: Vitals,
    stop: CancellationToken,
    tasks: TaskTracker,
}

pub(super) fn start(service: Service, stop: &CancellationToken) -> Running {
    let Service {
        context,
        routes,
        names,
        consumers,
        timers,
        tasks,
    } = service;
    rpc::warm();
    let stop = stop.child_token();
    let tracker = TaskTracker::new();
    metrics::ensure();
    let vitals = Vitals::new(stop.clone());
    let health = ServiceHealth::server(names.clone(), vitals.clone());
    let routes = Guard::new(
        context.name,
        routes.add_service(health),
        context.verifier.clone(),
        stop.clone(),
    )
    .into_routes();
    context.clients.register(context.name, routes.clone());

    let publish: Arc<dyn Publish> = Arc::clone(&context.bus) as Arc<dyn Publish>;
    let name = context.name;
    spawn(
        &tracker,
        name,
        "relay",
        relay::run(context.store.clone(), publish, stop.clone()),
    );
    spawn(
        &tracker,
        name,
        "watch",
        telemetry::watch(
            context.store.clone(),
            Arc::clone(&context.bus),
            vitals.clone(),
            stop.clone(),
        ),
    );
    for (spec, handler) in consumers {
        let bus = Arc::clone(&context.bus);
        spawn(
            &tracker,
            name,
            "consumer",
            consume(bus, spec, handler, stop.clone()),
        );
    }
    if !timers.is_empty() {
        let store = context.store.clone();
        spawn(
            &tracker,
            name,
            "timers",
            timers::run(store, timers, stop.clone()),
        );
    }
    for (task, run) in tasks {
        spawn(&tracker, name, task, run(stop.clone()));
    }
    tracker.close();
    Running {
        name,
        grpc_names: names.into(),
        routes,
        store: context.store,
        vitals,
        stop,
        tasks: tracker,
    }
}

/// Keeps a consumer going: what the bus can't do now it may do in a second.
async fn consume(
    bus: Arc<dyn Bus>,
    spec: ConsumerSpec,
    handler: Arc<dyn Handler>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let run = bus.consume(spec.clone(), Arc::clone(&handler), stop.clone());
        match run.await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(service = spec.service, consumer = spec.name, error = %error, "consumer stopped; starting again");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

fn spawn(
    tracker: &TaskTracker,
    service: &'static str,
    task: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) {
    tracker.spawn(async move {
        let work = std::panic::AssertUnwindSafe(rpc::in_service(service, work));
        if work.catch_unwind().await.is_err() {
            tracing::error!(service, task, "a task panicked and is gone");
        }
    });
}

impl Running {
    /// The service's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The full names of its gRPC services.
    #[must_use]
    pub fn grpc_names(&self) -> &[String] {
        &self.grpc_names
    }

    /// Its routes behind their checks, with health: for a server of its own, or for the gateway.
    #[must_use]
    pub fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Its database.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What its health rests on.
    #[must_use]
    pub const fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// Ends it: health says NOT_SERVING, streams end with UNAVAILABLE, consumers and timers stop
    /// taking work, what runs is finished. True if all of it was done within `grace`.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.stop.cancel();
        let done = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
        if !done {
            tracing::warn!(service = self.name, "not all work was finished in time");
        }
        done
    }

    /// Waits until everything has ended, after its token was cancelled.
    pub async fn join(&self) {
        self.tasks.wait().await;
    }
}
