//! Which plugin answers a hook for which tenant: an immutable snapshot, swapped as a whole.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwapOption;
use postlude_kernel::TenantId;

use crate::component::Component;

/// What the service does when the plugin fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultAction {
    /// Use the built-in answer.
    Default,
    /// Refuse.
    FailClosed,
    /// Let a person decide.
    ManualReview,
    /// Ask what answered before.
    PreviousGeneration,
}

/// What answers a hook for one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The tenant.
    pub tenant: TenantId,
    /// The plugin.
    pub plugin_id: String,
    /// Its version.
    pub plugin_version: String,
    /// Digest of its component.
    pub component_digest: String,
    /// Its configuration: one JSON object.
    pub config_json: String,
    /// Digest of the configuration.
    pub config_digest: String,
    /// The tenant's generation that made this binding.
    pub generation: i64,
    /// What the service does when the plugin fails.
    pub fault_action: FaultAction,
}

/// A binding with its component, ready to be called.
#[derive(Debug)]
pub struct Bound {
    /// The binding.
    pub binding: Arc<Binding>,
    /// The component, or why it can't be had.
    pub component: Result<Component, String>,
    /// What is asked in its place when it fails.
    pub previous: Option<Arc<Self>>,
}

impl Bound {
    /// A binding that can be called.
    #[must_use]
    pub fn new(binding: Binding, component: Component) -> Self {
        Self {
            binding: Arc::new(binding),
            component: Ok(component),
            previous: None,
        }
    }

    /// A binding whose component can't be had here: each call is a fault that says so, and never a
    /// built-in answer behind the retailer's back.
    #[must_use]
    pub fn unavailable(binding: Binding, why: impl Into<String>) -> Self {
        Self {
            binding: Arc::new(binding),
            component: Err(why.into()),
            previous: None,
        }
    }

    /// The same, with what is asked in its place when it fails.
    #[must_use]
    pub fn or_else(self, previous: Option<Self>) -> Self {
        Self {
            previous: previous.map(Arc::new),
            ..self
        }
    }
}

/// What a tenant has for the hook.
#[derive(Debug, Clone)]
pub enum BindingState {
    /// Nothing is known yet: this replica has never seen a snapshot.
    NoSnapshot,
    /// The tenant has no plugin for the hook.
    None,
    /// This one.
    Bound(Arc<Bound>),
}

/// The bindings of one hook over all tenants.
///
/// A call that runs keeps the binding it started with; a swap waits for nobody.
#[derive(Debug, Default)]
pub struct Bindings(ArcSwapOption<HashMap<TenantId, Arc<Bound>>>);

impl Bindings {
    /// No snapshot yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the tenant has now.
    #[must_use]
    pub fn get(&self, tenant: &TenantId) -> BindingState {
        match self.0.load().as_deref() {
            None => BindingState::NoSnapshot,
            Some(snapshot) => snapshot.get(tenant).map_or(BindingState::None, |bound| {
                BindingState::Bound(Arc::clone(bound))
            }),
        }
    }

    /// Puts another snapshot in place of the one that is there: tenants that aren't in it have no
    /// plugin from now on.
    pub fn replace(&self, snapshot: impl IntoIterator<Item = Arc<Bound>>) {
        let by_tenant = snapshot
            .into_iter()
            .map(|bound| (bound.binding.tenant.clone(), bound))
            .collect();
        self.0.store(Some(Arc::new(by_tenant)));
    }

    /// Every binding of the snapshot, in no order; `None` if there is no snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Option<Vec<Arc<Bound>>> {
        self.0
            .load()
            .as_deref()
            .map(|snapshot| snapshot.values().cloned().collect())
    }
}
