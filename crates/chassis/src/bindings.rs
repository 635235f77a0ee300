//! The plugin snapshot of a hook, kept fresh.
//!
//! A service that asks a hook runs [`keep_fresh`] as a task. It asks the registry once a second,
//! and at once when it hears `plugin-bindings-changed`; it prepares everything, then swaps. The
//! last snapshot, components included, is kept on disk and stands in at a start without a
//! registry. What a binding means and how a component runs is the plugin host's affair.

mod disk;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use postlude_bus::{Bus, Filter};
use postlude_kernel::TenantId;
use postlude_plugin_host::{Binding, Bindings, Bound, FaultAction, Host};
use postlude_proto::{
    Event as _,
    plugins::v1::{
        self as proto, FetchComponentRequest, GetBindingsRequest, GetBindingsResponse,
        PluginBindingsChanged, plugin_service_client::PluginServiceClient,
    },
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::{Caller, Clients, Context, ServiceChannel};

/// The registry's name.
pub const REGISTRY: &str = "plugin-registry";

/// How often the registry is asked when nothing is heard.
const POLL: Duration = Duration::from_secs(1);

/// A component is never larger than this, whatever the registry sends.
const COMPONENT_LIMIT: usize = 16 * 1024 * 1024;

/// Work for no tenant in particular goes under this name: bindings are over all tenants.
const NOBODY: &str = "platform";

/// Keeps one hook's snapshot fresh.
#[derive(Debug)]
pub struct Sync {
    hook: &'static str,
    service: &'static str,
    clients: Clients,
    bindings: Arc<Bindings>,
    host: Host,
    file: Option<PathBuf>,
    generation: i64,
    /// Every component of the snapshot, as bytes, for the disk.
    components: BTreeMap<String, Bytes>,
    failing: bool,
}

/// The snapshot can't be brought up to date; the old one stays.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The registry refused or wasn't there.
    #[error("the registry didn't give the bindings: {}", .0.message())]
    Registry(#[source] Box<Status>),
    /// What it sent makes no sense.
    #[error("the registry sent what is no binding: {0}")]
    Malformed(String),
    /// No caller can be made.
    #[error("there is no caller for the registry")]
    Caller,
}

/// A task for [`Service::task`](crate::Service::task): loads the last snapshot from disk, then
/// keeps it fresh until it is stopped.
pub fn keep_fresh(
    context: &Context,
    hook: &'static str,
    host: Host,
    bindings: Arc<Bindings>,
) -> impl FnOnce(CancellationToken) -> futures_util::future::BoxFuture<'static, ()> + Send + 'static
{
    let mut sync = Sync::new(context, hook, host, bindings);
    let bus = Arc::clone(&context.bus);
    move |stop| {
        Box::pin(async move {
            sync.restore().await;
            sync.run(bus.as_ref(), &stop).await;
        })
    }
}

impl Sync {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(context: &Context, hook: &'static str, host: Host, bindings: Arc<Bindings>) -> Self {
        Self {
            hook,
            service: context.name,
            clients: context.clients.clone(),
            bindings,
            host,
            file: context
                .data_dir
                .as_ref()
                .map(|dir| dir.join(format!("{}-{hook}.bindings", context.name))),
            generation: 0,
            components: BTreeMap::new(),
            failing: false,
        }
    }

    async fn run(&mut self, bus: &dyn Bus, stop: &CancellationToken) {
        let filter = Filter::new(PluginBindingsChanged::DOMAIN, PluginBindingsChanged::NAME);
        let mut heard = match bus.listen(filter, stop.clone()).await {
            Ok(stream) => stream.boxed(),
            Err(error) => {
                // The poll alone is enough for the promise of two seconds.
                tracing::warn!(hook = self.hook, %error, "no news of bindings; polling only");
                futures_util::stream::pending().boxed()
            }
        };
        loop {
            match self.refresh().await {
                Ok(()) => self.failing = false,
                Err(error) => {
                    // Once per outage, not once per second.
                    if !self.failing {
                        tracing::warn!(hook = self.hook, %error, "bindings stay as they are");
                    }
                    self.failing = true;
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                event = heard.next() => {
                    if event.is_none() {
                        heard = futures_util::stream::pending().boxed();
                    }
                }
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Asks the registry, and swaps the snapshot if there is a newer one.
    ///
    /// # Errors
    /// [`SyncError`]; the old snapshot stays in place.
    pub async fn refresh(&mut self) -> Result<(), SyncError> {
        let tenant = TenantId::parse(NOBODY).map_err(|_invalid| SyncError::Caller)?;
        let caller = Caller::service(self.service, tenant);
        let mut registry = PluginServiceClient::new(self.clients.to(REGISTRY, &caller))
            .max_decoding_message_size(COMPONENT_LIMIT);
        let answer = registry
            .get_bindings(GetBindingsRequest {
                hook: self.hook.to_owned(),
                known_generation: self.generation,
            })
            .await
            .map_err(registry_error)?
            .into_inner();
        let known = self.bindings.snapshot().is_some();
        if !answer.changed
            && (known || answer.bindings.is_empty())
            && answer.generation == self.generation
        {
            // Nothing was ever bound: that, too, is knowledge.
            if !known {
                self.bindings.replace([]);
            }
            return Ok(());
        }
        let mut components = BTreeMap::new();
        for digest in digests(&answer) {
            let bytes = match self.components.get(&digest) {
                Some(bytes) => bytes.clone(),
                None => fetch(&mut registry, &digest).await?.into(),
            };
            components.insert(digest, bytes);
        }
        self.put(&answer, components)?;
        if let Some(file) = &self.file
            && let Err(error) = disk::save(file, &answer, &self.components).await
        {
            tracing::warn!(hook = self.hook, %error, "the snapshot can't be kept on disk");
        }
        tracing::info!(
            hook = self.hook,
            generation = self.generation,
            bindings = answer.bindings.len(),
            "bindings in place"
        );
        Ok(())
    }

    /// Takes the snapshot from disk, if there is one that reads.
    pub async fn restore(&mut self) {
        let Some(file) = &self.file else { return };
        match disk::load(file).await {
            Ok(Some((answer, components))) => match self.put(&answer, components) {
                Ok(()) => {
                    // A registry whose data were replaced may count from the start again; asking
                    // as if nothing were known costs one full answer.
                    self.generation = 0;
                }
                Err(error) => {
                    tracing::warn!(hook = self.hook, %error, "the snapshot on disk isn't used");
                }
            },
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(hook = self.hook, %error, "the snapshot on disk can't be read");
            }
        }
    }

    /// Prepares everything, then swaps.
    fn put(
        &mut self,
        answer: &GetBindingsResponse,
        components: BTreeMap<String, Bytes>,
    ) -> Result<(), SyncError> {
        let mut snapshot = Vec::with_capacity(answer.bindings.len());
        for message in &answer.bindings {
            let previous = message
                .previous
                .as_deref()
                .map(|before| self.prepare(before, &components))
                .transpose()?;
            let bound = self.prepare(message, &components)?;
            snapshot.push(Arc::new(bound.or_else(previous)));
        }
        self.bindings.replace(snapshot);
        self.host
            .retain(&components.keys().map(String::as_str).collect::<Vec<_>>());
        self.components = components;
        self.generation = answer.generation;
        Ok(())
    }

    /// A binding with its component, or with why that isn't there.
    fn prepare(
        &self,
        message: &proto::Binding,
        components: &BTreeMap<String, Bytes>,
    ) -> Result<Bound, SyncError> {
        let binding = parse(message)?;
        let loaded = components
            .get(&binding.component_digest)
            .ok_or("its component is missing".to_owned())
            .and_then(|bytes| {
                self.host
                    .load(&binding.component_digest, bytes)
                    .map_err(|error| error.to_string())
            });
        Ok(match loaded {
            Ok(component) => Bound::new(binding, component),
            Err(why) => {
                tracing::error!(
                    hook = self.hook,
                    plugin = binding.plugin_id,
                    why,
                    "a component doesn't load here"
                );
                Bound::unavailable(binding, why)
            }
        })
    }
}

fn digests(answer: &GetBindingsResponse) -> BTreeSet<String> {
    answer
        .bindings
        .iter()
        .flat_map(|binding| [Some(binding), binding.previous.as_deref()])
        .flatten()
        .map(|binding| binding.component_digest.clone())
        .collect()
}

async fn fetch(
    registry: &mut PluginServiceClient<ServiceChannel>,
    digest: &str,
) -> Result<Vec<u8>, SyncError> {
    let mut chunks = registry
        .fetch_component(FetchComponentRequest {
            component_digest: digest.to_owned(),
        })
        .await
        .map_err(registry_error)?
        .into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = chunks.message().await.map_err(registry_error)? {
        if bytes.len() + part.chunk.len() > COMPONENT_LIMIT {
            return Err(SyncError::Malformed(format!("{digest} is too large")));
        }
        bytes.extend_from_slice(&part.chunk);
    }
    Ok(bytes)
}

/// A component as the registry keeps it, for a service that runs a recorded call again.
///
/// # Errors
/// The registry's status: NOT_FOUND where it has no such component.
pub async fn component(
    clients: &Clients,
    service: &'static str,
    tenant: TenantId,
    digest: &str,
) -> Result<Vec<u8>, Status> {
    let caller = Caller::service(service, tenant);
    let mut registry = PluginServiceClient::new(clients.to(REGISTRY, &caller));
    fetch(&mut registry, digest)
        .await
        .map_err(|error| match error {
            SyncError::Registry(status) => *status,
            SyncError::Malformed(_) | SyncError::Caller => Status::internal(error.to_string()),
        })
}

fn registry_error(status: Status) -> SyncError {
    SyncError::Registry(Box::new(status))
}

fn parse(message: &proto::Binding) -> Result<Binding, SyncError> {
    let fault_action = match message.fault_action() {
        proto::FaultAction::Default => FaultAction::Default,
        proto::FaultAction::FailClosed => FaultAction::FailClosed,
        proto::FaultAction::PreviousGeneration => FaultAction::PreviousGeneration,
        proto::FaultAction::ManualReview | proto::FaultAction::Unspecified => {
            FaultAction::ManualReview
        }
    };
    Ok(Binding {
        tenant: TenantId::parse(&message.tenant_id)
            .map_err(|error| SyncError::Malformed(error.to_string()))?,
        plugin_id: message.plugin_id.clone(),
        plugin_version: message.plugin_version.clone(),
        component_digest: message.component_digest.clone(),
        config_json: message.config.clone(),
        config_digest: message.config_digest.clone(),
        generation: message.generation,
        fault_action,
    })
}
