//! The platform as the story calls it: patiently. Every call of the story can be repeated.

use std::time::Duration;

use postlude_proto::{
    orders::v1::order_service_client::OrderServiceClient,
    plugins::v1::plugin_service_client::PluginServiceClient,
    returns::v1::return_service_client::ReturnServiceClient,
};
use tokio::time::Instant;
use tonic::{Response, Status};

use crate::cli::client::{Gateway, MAX_MESSAGE, Tried as _, is_away};

const PAUSE: Duration = Duration::from_millis(150);

/// A platform that may be away for a while.
#[derive(Debug, Clone)]
pub(super) struct Platform {
    gateway: Gateway,
    patience: Duration,
}

impl Platform {
    pub(super) const fn new(gateway: Gateway, patience: Duration) -> Self {
        Self { gateway, patience }
    }

    pub(super) fn orders(&self) -> OrderServiceClient<Gateway> {
        OrderServiceClient::new(self.gateway.clone())
    }

    pub(super) fn returns(&self) -> ReturnServiceClient<Gateway> {
        ReturnServiceClient::new(self.gateway.clone())
    }

    pub(super) fn plugins(&self) -> PluginServiceClient<Gateway> {
        PluginServiceClient::new(self.gateway.clone()).max_decoding_message_size(MAX_MESSAGE)
    }

    /// Calls until the platform answers.
    pub(super) async fn call<T>(
        &self,
        what: &str,
        mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
    ) -> anyhow::Result<T> {
        self.find(&mut call).await.tried(what)
    }

    /// As [`call`](Self::call), with the platform's refusal as it is.
    pub(super) async fn find<T>(
        &self,
        mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
    ) -> Result<Response<T>, Status> {
        let end = Instant::now() + self.patience;
        loop {
            match call().await {
                Err(status) if is_away(&status) && Instant::now() < end => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }

    /// Looks again and again until there is something to see.
    pub(super) async fn wait<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let end = Instant::now() + self.patience;
        loop {
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
            if Instant::now() >= end {
                anyhow::bail!(
                    "waited {} seconds for {what}; --patience waits longer",
                    self.patience.as_secs()
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
