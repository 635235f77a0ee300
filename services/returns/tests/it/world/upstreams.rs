//! The services that returns calls, played by the test.

use std::{path::Path, pin::Pin};

use futures_util::Stream;
use postlude_plugin_host::digest;
use postlude_proto::{
    orders::v1::{
        order_service_server::{OrderService, OrderServiceServer},
        *,
    },
    plugins::v1::{
        plugin_service_server::{PluginService, PluginServiceServer},
        *,
    },
    runs::v1,
};
use tonic::{Request, Response, Status, Streaming, service::Routes};

use super::{Shared, Shop, TENANT};

type Answer<T> = Result<Response<T>, Status>;
type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn nobody<T>() -> Answer<T> {
    Err(Status::unimplemented("no test asks for it"))
}

/// Answers for the shop.
pub(crate) struct Orders(Shop);

impl Orders {
    pub(crate) fn routes(shop: Shop) -> Routes {
        Routes::new(OrderServiceServer::new(Self(shop)))
    }
}

#[tonic::async_trait]
impl OrderService for Orders {
    type WatchOrderStream = Replies<Order>;

    async fn get_order(&self, request: Request<GetOrderRequest>) -> Answer<Order> {
        self.0
            .find(&request.into_inner().order_id)
            .map(Response::new)
            .ok_or_else(|| Status::not_found("no such order"))
    }
    async fn record_order(&self, _: Request<RecordOrderRequest>) -> Answer<Order> {
        nobody()
    }
    async fn import_orders(
        &self,
        _: Request<Streaming<ImportOrdersRequest>>,
    ) -> Answer<ImportOrdersResponse> {
        nobody()
    }
    async fn list_orders(&self, _: Request<ListOrdersRequest>) -> Answer<ListOrdersResponse> {
        nobody()
    }
    async fn record_payment(&self, _: Request<RecordPaymentRequest>) -> Answer<Order> {
        nobody()
    }
    async fn cancel_order_lines(&self, _: Request<CancelOrderLinesRequest>) -> Answer<Order> {
        nobody()
    }
    async fn record_shipment(&self, _: Request<RecordShipmentRequest>) -> Answer<Order> {
        nobody()
    }
    async fn record_tracking_event(
        &self,
        _: Request<RecordTrackingEventRequest>,
    ) -> Answer<Shipment> {
        nobody()
    }
    async fn watch_order(&self, _: Request<WatchOrderRequest>) -> Answer<Self::WatchOrderStream> {
        nobody()
    }
}

/// A registry with at most one plugin, for the tenant of the tests.
#[derive(Clone, Default)]
pub(crate) struct Registry(Shared<Installed>);

/// What is installed, and what the service knows of it.
#[derive(Default)]
struct Installed {
    generation: i64,
    binding: Option<Binding>,
    component: Vec<u8>,
    known: i64,
}

impl Registry {
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(PluginServiceServer::new(self.clone()))
    }

    /// Installs a component that `cargo xtask plugins` has built.
    pub(crate) fn install(&self, name: &str, config: &str, action: FaultAction) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../plugins/dist")
            .join(format!("{name}.wasm"));
        let component = std::fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; run `cargo xtask plugins`", path.display())
        });
        let mut installed = self.0.lock().unwrap();
        installed.generation += 1;
        let before = installed.binding.take().map(|before| {
            Box::new(Binding {
                fault_action: FaultAction::ManualReview.into(),
                ..before
            })
        });
        installed.binding = Some(Binding {
            tenant_id: TENANT.to_owned(),
            hook: "return-policy".to_owned(),
            plugin_id: name.rsplit('/').next().unwrap().to_owned(),
            plugin_version: "1.0.0".to_owned(),
            component_digest: digest(&component),
            config: config.to_owned(),
            config_digest: digest(config.as_bytes()),
            generation: installed.generation,
            fault_action: action.into(),
            previous: before.filter(|_| action == FaultAction::PreviousGeneration),
        });
        installed.component = component;
    }

    /// Takes the plugin out of service. Its component stays.
    pub(crate) fn disable(&self) {
        let mut installed = self.0.lock().unwrap();
        installed.generation += 1;
        installed.binding = None;
    }

    /// Whether the service has what is installed.
    pub(crate) fn is_known(&self) -> bool {
        let installed = self.0.lock().unwrap();
        installed.known == installed.generation
    }
}

#[tonic::async_trait]
impl PluginService for Registry {
    type FetchComponentStream = Replies<FetchComponentResponse>;

    async fn get_bindings(
        &self,
        request: Request<GetBindingsRequest>,
    ) -> Answer<GetBindingsResponse> {
        let mut installed = self.0.lock().unwrap();
        // What the service has is what it says it knows when it asks again.
        installed.known = request.into_inner().known_generation;
        let changed = installed.known != installed.generation;
        Ok(Response::new(GetBindingsResponse {
            generation: installed.generation,
            changed,
            bindings: installed
                .binding
                .iter()
                .filter(|_| changed)
                .cloned()
                .collect(),
        }))
    }
    async fn fetch_component(
        &self,
        _: Request<FetchComponentRequest>,
    ) -> Answer<Self::FetchComponentStream> {
        let chunk = self.0.lock().unwrap().component.clone();
        if chunk.is_empty() {
            return Err(Status::not_found("no such component"));
        }
        let replies = futures_util::stream::iter([Ok(FetchComponentResponse { chunk })]);
        Ok(Response::new(Box::pin(replies)))
    }
    async fn upload_plugin(
        &self,
        _: Request<Streaming<UploadPluginRequest>>,
    ) -> Answer<PluginVersion> {
        nobody()
    }
    async fn install_plugin(&self, _: Request<InstallPluginRequest>) -> Answer<Installation> {
        nobody()
    }
    async fn configure_plugin(&self, _: Request<ConfigurePluginRequest>) -> Answer<Installation> {
        nobody()
    }
    async fn rollback_plugin(&self, _: Request<RollbackPluginRequest>) -> Answer<Installation> {
        nobody()
    }
    async fn disable_plugin(&self, _: Request<DisablePluginRequest>) -> Answer<Installation> {
        nobody()
    }
    async fn get_plugin(&self, _: Request<GetPluginRequest>) -> Answer<Plugin> {
        nobody()
    }
    async fn list_plugins(&self, _: Request<ListPluginsRequest>) -> Answer<ListPluginsResponse> {
        nobody()
    }
    async fn list_runs(&self, _: Request<ListRunsRequest>) -> Answer<v1::ListRunsResponse> {
        nobody()
    }
    async fn get_run(&self, _: Request<GetRunRequest>) -> Answer<v1::Run> {
        nobody()
    }
    async fn replay_run(&self, _: Request<ReplayRunRequest>) -> Answer<v1::Replay> {
        nobody()
    }
}
