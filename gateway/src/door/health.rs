//! grpc.health.v1 at the door: the gateway's own health, and each service's by its full name.
//!
//! A service's health is asked of the service, wherever it runs.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _, stream};
use http::{Request as HttpRequest, Response as HttpResponse};
use postlude_chassis::{
    clients::{SendError, Target},
    health::{ServiceHealth, Vitals, response},
};
use tonic::{Request, Response, Status, body::Body};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_client::HealthClient,
    health_server::{Health, HealthServer},
};

use super::Door;

/// Answers for everyone behind the door.
pub(super) struct DoorHealth {
    door: Door,
    own: ServiceHealth,
}

impl DoorHealth {
    pub(super) fn server(door: Door) -> HealthServer<Self> {
        let own = ServiceHealth::new([], Vitals::new(door.0.stop.clone()));
        HealthServer::new(Self { door, own })
    }

    /// The name of the service behind a full gRPC name of the contract.
    fn service_of(&self, name: &str) -> Option<String> {
        let known = postlude_proto::methods().any(|(path, _)| {
            path.strip_prefix('/')
                .and_then(|path| path.split_once('/'))
                .is_some_and(|(service, _)| service == name)
        });
        let (package, _) = name.rsplit_once('.')?;
        known.then(|| self.door.service_of(package))
    }
}

/// A client of the health service behind a target.
fn client(
    target: Target,
) -> HealthClient<
    impl tower::Service<
        HttpRequest<Body>,
        Response = HttpResponse<Body>,
        Error = SendError,
        Future: Send,
    > + Clone,
> {
    HealthClient::new(tower::service_fn(move |request| {
        target.clone().send(request)
    }))
}

#[tonic::async_trait]
impl Health for DoorHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = request.get_ref().service.clone();
        if name.is_empty() {
            return self.own.check(request).await;
        }
        let service = self
            .service_of(&name)
            .ok_or_else(|| Status::not_found(format!("no service {name} here")))?;
        let down = || Response::new(response(ServingStatus::NotServing));
        let Ok(target) = self.door.target(&service) else {
            return Ok(down());
        };
        let answer = client(target).check(request.into_inner()).await;
        Ok(answer.unwrap_or_else(|_unreachable| down()))
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.get_ref().service.clone();
        let Some(service) = self.service_of(&name) else {
            return self.own.watch(request).await;
        };
        let down = stream::iter([Ok(response(ServingStatus::NotServing))]);
        let Ok(target) = self.door.target(&service) else {
            return Ok(Response::new(Box::pin(down)));
        };
        match client(target).watch(request.into_inner()).await {
            // A stream that breaks off means a service that is gone.
            Ok(answer) => Ok(Response::new(Box::pin(answer.into_inner().chain(down)))),
            Err(_unreachable) => Ok(Response::new(Box::pin(down))),
        }
    }
}
