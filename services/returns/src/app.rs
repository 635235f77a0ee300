//! What every handler of the service is given.

use std::{ops::Deref, sync::Arc};

use postlude_chassis::{Caller, Clients, Outgoing};
use postlude_kernel::TenantId;
use postlude_store::Store;

use crate::{config::Config, domain::return_request::Moment, hooks::Hooks, label::LabelProvider};

/// The service's own name: who it is to other services.
pub(crate) const SERVICE: &str = "returns";

/// The service at work. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) clients: Clients,
    pub(crate) outgoing: Outgoing,
    pub(crate) hooks: Hooks,
    pub(crate) labels: Arc<dyn LabelProvider>,
    pub(crate) config: Config,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The time and the chance of a decision.
    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment {
            now: self.store.now(),
            ids: self.store.ids(),
        }
    }

    /// A handler that brings the service along.
    pub(crate) fn on<M, Fut>(
        &self,
        handle: impl Fn(Self, M) -> Fut + Send + Sync + 'static,
    ) -> impl Fn(M) -> Fut + Send + Sync + 'static {
        let app = self.clone();
        move |message| handle(app.clone(), message)
    }

    /// The service itself, at work for a tenant.
    pub(crate) fn caller(tenant: &TenantId) -> Caller {
        Caller::service(SERVICE, tenant.clone())
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
