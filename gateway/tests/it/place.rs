//! A gateway on a port, with a played service behind it.

use std::sync::Arc;

use postlude_bus::EmbeddedBus;
use postlude_chassis::{
    Clients, Context, Outgoing, Running, Service,
    config::{OutgoingConfig, ServiceConfig},
    identity::Key,
};
use postlude_gateway::{
    Gateway, Migrator,
    keys::{self, KeyRequest, NewKey},
};
use postlude_kernel::{Clock, IdSource, ManualClock, SeededIds, TenantId, Timestamp};
use postlude_proto::orders::v1::{
    GetOrderRequest, order_service_client::OrderServiceClient,
    order_service_server::OrderServiceServer,
};
use postlude_store::Store;
use postlude_testkit::{Database, Fresh, START};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Status,
    metadata::MetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_types::{ErrorInfo, StatusExt as _};

use crate::played::Orders;

/// How the service is behind the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// In the gateway's process.
    Near,
    /// At an address.
    Far,
    /// Not there.
    Nobody,
}

pub(crate) struct Place {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) uri: String,
    pub(crate) stop: CancellationToken,
    pub(crate) orders: Running,
    _admin: Running,
    _fresh: Fresh,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Puts the key on every call.
#[derive(Clone)]
pub(crate) struct WithKey(String);

impl Interceptor for WithKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if !self.0.is_empty() {
            let value = MetadataValue::try_from(&self.0).unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        // What nobody outside may claim.
        let forged = MetadataValue::from_static("forged");
        request.metadata_mut().insert("x-postlude-identity", forged);
        Ok(request)
    }
}

pub(crate) type Door = InterceptedService<Channel, WithKey>;

pub(crate) async fn place(database: Database, behind: Behind, config: &str) -> Place {
    let fresh = Fresh::new(database);
    let manual = Arc::new(ManualClock::at(Timestamp::parse(START).unwrap()));
    let clock: Arc<dyn Clock> = manual.clone();
    let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(0));
    let key = Key::generate().unwrap();
    let signer = key.signer(Arc::clone(&clock)).unwrap();
    let clients = Clients::new(signer.clone(), None);
    let bus = EmbeddedBus::open(&fresh.store("bus"), Arc::clone(&clock), Arc::clone(&ids))
        .await
        .unwrap();
    let bus: Arc<dyn postlude_bus::Bus> = Arc::new(bus);
    let stop = CancellationToken::new();
    let context = async |name: &'static str, config: &str, clients: &Clients| Context {
        name,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        store: Store::open(
            &fresh.store(name),
            name,
            Arc::clone(&clock),
            Arc::clone(&ids),
        )
        .await
        .unwrap(),
        clients: clients.clone(),
        outgoing: Outgoing::new(&OutgoingConfig::default()).unwrap(),
        bus: Arc::clone(&bus),
        verifier: key.verifier(Arc::clone(&clock)),
        data_dir: None,
        config: ServiceConfig::from_toml(name, config).unwrap(),
    };

    let gateway_context = context("gateway", config, &clients).await;
    let store = gateway_context.store.clone();
    store.migrate::<Migrator>().await.unwrap();
    let gateway = Gateway::new(&gateway_context, signer.clone()).unwrap();
    let admin = gateway.service().start(&stop);

    let elsewhere = Clients::new(signer, None);
    let known = if behind == Behind::Near {
        &clients
    } else {
        &elsewhere
    };
    let orders_context = context("orders", "", known).await;
    orders_context.store.migrate::<NoTables>().await.unwrap();
    let orders = Service::new(&orders_context)
        .rpc(OrderServiceServer::new(Orders))
        .start(&stop);
    if behind == Behind::Far {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let routes = orders.routes();
        tokio::spawn(postlude_chassis::server::serve_routes(
            listener,
            None,
            routes,
            stop.clone(),
        ));
        clients.connect("orders", &uri).unwrap();
    }

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let serving = gateway.clone();
    let serving_stop = stop.clone();
    tokio::spawn(async move { serving.serve(listener, None, serving_stop).await.unwrap() });
    Place {
        clock: manual,
        store,
        uri,
        stop,
        orders,
        _admin: admin,
        _fresh: fresh,
    }
}

/// A service without tables of its own.
struct NoTables;

impl postlude_store::sea_orm_migration::MigratorTrait for NoTables {
    fn migrations() -> Vec<Box<dyn postlude_store::sea_orm_migration::MigrationTrait>> {
        Vec::new()
    }
}

impl Place {
    /// A key of the tenant `demo`, made if need be.
    pub(crate) async fn key(&self, scopes: &[&str]) -> NewKey {
        self.key_until(scopes, None).await
    }

    pub(crate) async fn key_until(
        &self,
        scopes: &[&str],
        expire_time: Option<Timestamp>,
    ) -> NewKey {
        if keys::find_tenant(&self.store, "demo")
            .await
            .unwrap()
            .is_none()
        {
            keys::create_tenant(&self.store, "demo", "").await.unwrap();
        }
        let request = KeyRequest {
            tenant: TenantId::parse("demo").unwrap(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            display_name: String::new(),
            expire_time,
        };
        keys::create_key(&self.store, request).await.unwrap()
    }

    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(self.uri.clone())
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    /// The door with these words in the `authorization` header.
    pub(crate) async fn door(&self, authorization: &str) -> Door {
        InterceptedService::new(self.channel().await, WithKey(authorization.to_owned()))
    }

    pub(crate) async fn with_key(&self, secret: &str) -> OrderServiceClient<Door> {
        OrderServiceClient::new(self.door(&format!("Bearer {secret}")).await)
    }

    pub(crate) async fn with_scopes(&self, scopes: &[&str]) -> OrderServiceClient<Door> {
        let key = self.key(scopes).await;
        self.with_key(&key.secret).await
    }
}

pub(crate) fn get(order_id: &str) -> GetOrderRequest {
    GetOrderRequest {
        order_id: order_id.to_owned(),
    }
}

/// The status' reason; its domain must be the gateway's.
pub(crate) fn refused(status: &Status) -> ErrorInfo {
    let info = status
        .get_error_details()
        .error_info()
        .unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"))
        .clone();
    assert_eq!(info.domain, "gateway.postlude", "{status:?}");
    info
}
