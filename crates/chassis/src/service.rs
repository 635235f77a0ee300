//! A service's table of contents, and what runs it.
//!
//! ```ignore
//! pub fn service(ctx: Context) -> Result<Service, StartError> {
//!     let app = App::new(&ctx)?;
//!     Ok(Service::new(&ctx)
//!         .rpc(ReturnServiceServer::new(rpc::Returns(app.clone())))
//!         .consumer("order-recorded", handler(&app, consumers::order_recorded::handle))
//!         .timer("expire-return", …)
//!         .task("bindings", …))
//! }
//! ```

mod consumer;
mod running;
mod timer;

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use postlude_bus::{ConsumerSpec, Handler};
use postlude_kernel::Fault;
use postlude_proto::Event;
use postlude_store::{DueTimer, TimerHandler};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, server::NamedService, service::Routes};

pub use consumer::Received;
pub use running::Running;

use crate::Context;

type Task = Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>;

/// What a service consists of: RPCs, consumers, timers, tasks.
#[must_use = "a service does nothing until it is started"]
pub struct Service {
    context: Context,
    routes: Routes,
    names: Vec<String>,
    consumers: Vec<(ConsumerSpec, Arc<dyn Handler>)>,
    timers: HashMap<String, Arc<dyn TimerHandler>>,
    tasks: Vec<(&'static str, Task)>,
}

impl Service {
    /// A service with nothing in it.
    pub fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            routes: Routes::default(),
            names: Vec::new(),
            consumers: Vec::new(),
            timers: HashMap::new(),
            tasks: Vec::new(),
        }
    }

    /// Adds a gRPC service.
    pub fn rpc<S>(mut self, server: S) -> Self
    where
        S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME.to_owned());
        self.routes = self.routes.add_service(server);
        self
    }

    /// Adds a consumer of the event `E` under a name that never changes: what was delivered is
    /// remembered by it.
    ///
    /// An error whose kind is transient is retried later; any other goes to the dead letters.
    pub fn consumer<E, F, Fut, X>(mut self, name: &'static str, handle: F) -> Self
    where
        E: Event + 'static,
        F: Fn(Received<E>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), X>> + Send + 'static,
        X: Fault,
    {
        self.consumers.push(consumer::entry::<E, F, Fut, X>(
            self.context.name,
            name,
            self.context.bus.system(),
            handle,
        ));
        self
    }

    /// Adds what happens when a timer of this kind is due. Finish or reschedule it in the
    /// handler's transaction; with an error it comes again, later each time.
    pub fn timer<F, Fut, X>(mut self, kind: &'static str, fire: F) -> Self
    where
        F: Fn(DueTimer) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), X>> + Send + 'static,
        X: Fault,
    {
        self.timers.insert(
            kind.to_owned(),
            timer::handler(self.context.name, kind, fire),
        );
        self
    }

    /// Adds work that runs beside, until the token it is given is cancelled.
    pub fn task<F, Fut>(mut self, name: &'static str, run: F) -> Self
    where
        F: FnOnce(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.tasks
            .push((name, Box::new(move |stop| Box::pin(run(stop)))));
        self
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.context.name
    }

    /// The durable names of its consumers, for tests that wait until all are at work.
    pub fn consumer_names(&self) -> impl Iterator<Item = &str> {
        self.consumers.iter().map(|(spec, _)| spec.name.as_str())
    }

    /// The handlers of its timers, for tests that fire them by hand.
    #[must_use]
    pub fn timer_handlers(&self) -> &HashMap<String, Arc<dyn TimerHandler>> {
        &self.timers
    }

    /// Starts it: routes (also for [`Clients`](crate::Clients) of this process), relay, consumers,
    /// timers, tasks. All of it ends when `stop` is cancelled.
    pub fn start(self, stop: &CancellationToken) -> Running {
        running::start(self, stop)
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.context.name)
            .field("rpc", &self.names)
            .field("consumers", &self.consumers.len())
            .field("timers", &self.timers.len())
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}
