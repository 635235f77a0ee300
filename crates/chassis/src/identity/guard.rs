//! What stands in front of each service: identity, scope, deadline, span and metrics.

mod framework;

use std::{convert::Infallible, sync::Arc, task, time::Duration};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use postlude_kernel::{Fault, FaultKind};
use postlude_proto::INTERNAL_SCOPE;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body, service::Routes};
use tower::Service;

use super::{HEADER, IdentityError, Verifier};
use crate::{
    Caller, deadline,
    rpc::{self, Serving},
    telemetry::calls::Call,
    trace,
};

/// Paths that take no identity: what probes ask.
const OPEN: &str = "/grpc.health.v1.Health/";

/// A unary call takes this long at most, whatever its caller allows.
const LONGEST: Duration = Duration::from_secs(60);

/// A service's routes behind their checks.
#[derive(Clone)]
pub struct Guard {
    inner: Routes,
    shared: Arc<Shared>,
}

struct Shared {
    service: &'static str,
    verifier: Verifier,
    stop: CancellationToken,
}

/// The call took longer than its caller allows.
#[derive(Debug, thiserror::Error)]
#[error("the call took longer than its deadline")]
struct TooLate;

impl Fault for TooLate {
    fn kind(&self) -> FaultKind {
        FaultKind::DeadlineExceeded
    }
    fn reason(&self) -> &'static str {
        "DEADLINE_EXCEEDED"
    }
}

impl Guard {
    /// Puts `inner`, the routes of `service`, behind the checks.
    #[must_use]
    pub fn new(
        service: &'static str,
        inner: Routes,
        verifier: Verifier,
        stop: CancellationToken,
    ) -> Self {
        Self {
            inner: inner.prepare(),
            shared: Arc::new(Shared {
                service,
                verifier,
                stop,
            }),
        }
    }

    /// The guarded routes, for a server or a registry.
    #[must_use]
    pub fn into_routes(self) -> Routes {
        Routes::from(axum::Router::new().fallback_service(self)).prepare()
    }
}

impl Shared {
    /// What services ask each other by themselves, every second, isn't traced.
    fn call(&self, path: &str, headers: &http::HeaderMap) -> Call {
        let parent = trace::read(headers);
        let internal = postlude_proto::method(path)
            .is_some_and(|method| method.scope.is_empty() || method.scope == INTERNAL_SCOPE);
        if parent.is_none() && internal {
            Call::answer_unseen(self.service, path)
        } else {
            Call::answer(self.service, path, parent)
        }
    }

    /// The caller, if the token proves one that may call the method.
    fn admit(&self, path: &str, headers: &http::HeaderMap) -> Result<Caller, Status> {
        let refuse = |error: &IdentityError| rpc::status_of(self.service, error);
        let token = headers
            .get(HEADER)
            .ok_or_else(|| refuse(&IdentityError::Missing))?;
        let caller = self
            .verifier
            .verify(token.as_bytes())
            .map_err(|error| refuse(&error))?;
        let Some(method) = postlude_proto::method(path) else {
            return Err(unimplemented(self.service, path));
        };
        let internal = method.scope.is_empty() || method.scope == INTERNAL_SCOPE;
        if !caller.holds(&method.scope) || (internal && !caller.is_service()) {
            return Err(refuse(&IdentityError::ScopeMissing(method.scope.clone())));
        }
        Ok(caller)
    }
}

/// UNIMPLEMENTED with the method's name: the one code that no kind of error stands for.
#[must_use]
pub fn unimplemented(service: &str, path: &str) -> Status {
    use tonic_types::StatusExt as _;
    let details = tonic_types::ErrorDetails::with_error_info(
        "METHOD_UNKNOWN",
        format!("{service}.postlude"),
        [("method".to_owned(), path.to_owned())],
    );
    Status::with_error_details(
        tonic::Code::Unimplemented,
        format!("there is no method {path}"),
        details,
    )
}

impl Service<Request<axum::body::Body>> for Guard {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _context: &mut task::Context<'_>,
    ) -> task::Poll<Result<(), Infallible>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<axum::body::Body>) -> Self::Future {
        let mut inner = self.inner.clone();
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let path = request.uri().path();
            if path.starts_with(OPEN) {
                return inner.call(request).await;
            }
            let call = shared.call(path, request.headers());
            let mut request = request;
            match shared.admit(request.uri().path(), request.headers()) {
                Ok(caller) => {
                    request.extensions_mut().insert(caller);
                }
                Err(status) => return Ok(call.finish(status.into_http())),
            }
            request.extensions_mut().insert(Serving {
                service: shared.service,
                stop: shared.stop.clone(),
            });
            let streaming = postlude_proto::method(request.uri().path()).is_some_and(|method| {
                method.descriptor.is_server_streaming() || method.descriptor.is_client_streaming()
            });
            let asked = deadline::read(request.headers());
            let work = call.run(rpc::in_service(shared.service, inner.call(request)));
            let time = if streaming {
                asked
            } else {
                Some(asked.unwrap_or(LONGEST).min(LONGEST))
            };
            let response = match time {
                Some(time) => deadline::within(time, work).await,
                None => Ok(work.await),
            };
            match response {
                Ok(Ok(response)) => Ok(call.finish(framework::tidy(shared.service, response))),
                Ok(Err(never)) => match never {},
                Err(_elapsed) => {
                    let status = rpc::status_of(shared.service, &TooLate);
                    Ok(call.finish(status.into_http()))
                }
            }
        })
    }
}
