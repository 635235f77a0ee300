//! One call through the door.
//!
//! In this order: is there room → who is it → how often → which method → may they → on behalf of
//! whom → pass the bytes on, both ways, under a deadline. What is refused is refused before a byte
//! of the message was read.

mod adaptive;
mod credentials;
mod forward;
mod health;
pub(crate) mod key_cache;
mod limits;
mod refusal;
mod relayed;
mod sized;

use std::sync::Arc;

use axum::{Router, body::Body as AxumBody, response::IntoResponse as _};
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use postlude_chassis::{Clients, identity::Signer, telemetry::calls::Call, trace};
use postlude_kernel::{Clock, IdSource};
use postlude_proto::FILE_DESCRIPTOR_SET;
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, service::Routes};

use crate::{Gateway, NAME, config::GatewayConfig, error::Error};
use health::DoorHealth;
use key_cache::KeyCache;
use limits::Limits;

/// What every call needs.
#[derive(Clone)]
pub(crate) struct Door(Arc<Inner>);

struct Inner {
    config: GatewayConfig,
    clients: Clients,
    signer: Signer,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    keys: Arc<KeyCache>,
    limits: Limits,
    stop: CancellationToken,
}

impl Door {
    pub(crate) fn new(gateway: &Gateway, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            limits: Limits::new(&gateway.config),
            config: gateway.config.clone(),
            clients: gateway.clients.clone(),
            signer: gateway.signer.clone(),
            clock: Arc::clone(&gateway.context.clock),
            ids: Arc::clone(&gateway.context.ids),
            keys: Arc::clone(&gateway.keys),
            stop,
        }))
    }

    /// Reflection and health, which ask for no credentials, and the way in for everything else.
    pub(crate) fn router(self) -> Result<Router, Error> {
        let describe = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let routes = Routes::new(describe().build_v1().map_err(Error::Contract)?)
            .add_service(describe().build_v1alpha().map_err(Error::Contract)?)
            .add_service(DoorHealth::server(self.clone()));
        Ok(routes
            .into_axum_router()
            .reset_fallback()
            .fallback(move |request| {
                let door = self.clone();
                async move { door.enter(request).await }
            }))
    }

    async fn enter(&self, request: Request<AxumBody>) -> Response<AxumBody> {
        let is_grpc = request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
        if !is_grpc {
            // JSON and gRPC-Web come in by this way later; until then it is closed.
            let text = "this address speaks gRPC: content-type application/grpc\n";
            return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
        }
        let parent = trace::read(request.headers());
        let mut call = Call::answer(NAME, request.uri().path(), parent);
        if !call.is_traced() {
            call.join(self.new_trace());
        }
        let passed = call.run(self.pass(request.map(Body::new))).await;
        let response = match passed {
            Ok(response) => response,
            Err(refusal) => refusal.status().into_http(),
        };
        call.finish(response).map(AxumBody::new)
    }

    /// A trace for a call that brings none: without a tracer it is in logs and events all the same.
    fn new_trace(&self) -> String {
        let id = self.0.ids.ulid(self.0.clock.now()).0;
        let span = id & u128::from(u64::MAX);
        format!("00-{id:032x}-{span:016x}-01")
    }
}
