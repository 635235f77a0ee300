//! grpc.health.v1 for one service.

use std::{collections::HashSet, pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt as _, stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

/// Answers SERVING for the names it knows, and for the empty one, until the service drains.
#[derive(Debug, Clone)]
pub struct ServiceHealth {
    names: Arc<HashSet<String>>,
    stop: CancellationToken,
}

impl ServiceHealth {
    /// Health of the gRPC services `names`.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>, stop: CancellationToken) -> Self {
        Self {
            names: Arc::new(names.into_iter().collect()),
            stop,
        }
    }

    /// The same, as a server for routes.
    #[must_use]
    pub fn server(
        names: impl IntoIterator<Item = String>,
        stop: CancellationToken,
    ) -> HealthServer<Self> {
        HealthServer::new(Self::new(names, stop))
    }

    fn now(&self) -> HealthCheckResponse {
        response(if self.stop.is_cancelled() {
            ServingStatus::NotServing
        } else {
            ServingStatus::Serving
        })
    }

    fn knows(&self, name: &str) -> bool {
        name.is_empty() || self.names.contains(name)
    }
}

/// A response with this status.
#[must_use]
pub fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: i32::from(status),
    }
}

#[tonic::async_trait]
impl Health for ServiceHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = &request.get_ref().service;
        if self.knows(name) {
            Ok(Response::new(self.now()))
        } else {
            // What the health protocol asks for, without details.
            Err(Status::not_found(format!("no service {name} here")))
        }
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if !self.knows(&request.get_ref().service) {
            let unknown = response(ServingStatus::ServiceUnknown);
            return Ok(Response::new(Box::pin(
                stream::iter([Ok(unknown)]).chain(stream::pending()),
            )));
        }
        let first = stream::iter([Ok(self.now())]);
        let stop = self.stop.clone();
        let last = stream::once(async move {
            stop.cancelled_owned().await;
            Ok(response(ServingStatus::NotServing))
        });
        Ok(Response::new(Box::pin(first.chain(last))))
    }
}
