//! A retailer's program: typed clients that carry one key.

use std::time::Duration;

use postlude_proto::{
    gateway::v1::admin_service_client::AdminServiceClient,
    orders::v1::{
        customer_service_client::CustomerServiceClient, order_service_client::OrderServiceClient,
    },
    plugins::v1::plugin_service_client::PluginServiceClient,
    returns::v1::return_service_client::ReturnServiceClient,
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// How long a call may take before a test calls it lost.
const DEADLINE: Duration = Duration::from_secs(30);

/// A connection that carries a key.
pub type Keyed = InterceptedService<Channel, Bearer>;

/// Puts the key, and a deadline, on every call.
#[derive(Debug, Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        request.set_timeout(DEADLINE);
        Ok(request)
    }
}

/// Clients of every service, under one key.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Orders.
    pub orders: OrderServiceClient<Keyed>,
    /// Customers.
    pub customers: CustomerServiceClient<Keyed>,
    /// Returns.
    pub returns: ReturnServiceClient<Keyed>,
    /// Plugins.
    pub plugins: PluginServiceClient<Keyed>,
    /// Tenants and keys.
    pub admin: AdminServiceClient<Keyed>,
    /// The key, for calls that are made by hand.
    pub key: String,
}

impl Shop {
    /// Clients over `channel` that carry `key`.
    ///
    /// # Errors
    /// If the key is no header value.
    pub fn new(channel: &Channel, key: &str) -> anyhow::Result<Self> {
        let bearer = Bearer(format!("Bearer {key}").parse()?);
        let keyed = || InterceptedService::new(channel.clone(), bearer.clone());
        Ok(Self {
            orders: OrderServiceClient::new(keyed()),
            customers: CustomerServiceClient::new(keyed()),
            returns: ReturnServiceClient::new(keyed()),
            plugins: PluginServiceClient::new(keyed()),
            admin: AdminServiceClient::new(keyed()),
            key: key.to_owned(),
        })
    }
}
