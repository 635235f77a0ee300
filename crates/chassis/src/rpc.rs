//! One request, from the wire to the handler and back.
//!
//! A service's `rpc.rs` has one line per method: it hands the request and the handler to
//! [`unary`], [`server_stream`] or [`client_stream`]. Who calls was proven before (see
//! [`identity`](crate::identity)); here the message is checked against its rules and the handler's
//! error becomes a status.

mod drain;
mod incoming;
mod status;
mod validate;

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use postlude_kernel::Fault;
use prost_reflect::ReflectMessage;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

pub use incoming::{Broken, Incoming};
pub(crate) use status::causes;
pub use status::{code, status, status_of};
pub use validate::{Invalid, validate, warm};

use crate::Caller;

/// The replies of a server-streaming method.
pub type Replies<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send + 'static>>;

/// What the identity layer tells the handler about the service that it runs in.
#[derive(Debug, Clone)]
pub struct Serving {
    /// The service's name, first part of the error domain.
    pub service: &'static str,
    /// Cancelled when the service drains.
    pub stop: CancellationToken,
}

/// The call reached a service without passing its identity layer.
#[derive(Debug, thiserror::Error)]
#[error("the call has no proven caller")]
struct NoCaller;

impl Fault for NoCaller {
    fn kind(&self) -> postlude_kernel::FaultKind {
        postlude_kernel::FaultKind::Unauthenticated
    }
    fn reason(&self) -> &'static str {
        "IDENTITY_MISSING"
    }
}

/// Runs `work` as part of a call to `service`, whose name [`status`] then finds.
pub(crate) async fn in_service<T>(service: &'static str, work: impl Future<Output = T>) -> T {
    status::SERVICE.scope(service, work).await
}

fn open<T>(request: &Request<T>) -> Result<(Caller, Serving), Status> {
    let extensions = request.extensions();
    match (extensions.get::<Caller>(), extensions.get::<Serving>()) {
        (Some(caller), Some(serving)) => Ok((caller.clone(), serving.clone())),
        (None, _) | (_, None) => Err(status_of("chassis", &NoCaller)),
    }
}

/// Runs a unary method.
///
/// # Errors
/// The status of a broken rule (`VALIDATION_FAILED`) or of the handler's error.
pub async fn unary<M, R, E, F, Fut>(request: Request<M>, handler: F) -> Result<Response<R>, Status>
where
    M: ReflectMessage,
    E: Fault,
    F: FnOnce(Caller, M) -> Fut,
    Fut: Future<Output = Result<R, E>>,
{
    let (caller, serving) = open(&request)?;
    let message = request.into_inner();
    validate(&message).map_err(|invalid| status_of(serving.service, &invalid))?;
    match handler(caller, message).await {
        Ok(reply) => Ok(Response::new(reply)),
        Err(error) => Err(status_of(serving.service, &error)),
    }
}

/// Runs a server-streaming method: the handler gives a stream.
///
/// When the service drains the stream ends with UNAVAILABLE, so that the client comes back to
/// another replica.
///
/// # Errors
/// As [`unary`]; errors inside the stream end it with their status.
pub async fn server_stream<M, R, S, E, F, Fut>(
    request: Request<M>,
    handler: F,
) -> Result<Response<Replies<R>>, Status>
where
    M: ReflectMessage,
    R: Send + 'static,
    E: Fault,
    S: Stream<Item = Result<R, E>> + Send + 'static,
    F: FnOnce(Caller, M) -> Fut,
    Fut: Future<Output = Result<S, E>>,
{
    let (caller, serving) = open(&request)?;
    let message = request.into_inner();
    let service = serving.service;
    validate(&message).map_err(|invalid| status_of(service, &invalid))?;
    let replies = handler(caller, message)
        .await
        .map_err(|error| status_of(service, &error))?
        .map(move |item| item.map_err(|error| status_of(service, &error)));
    Ok(Response::new(Box::pin(drain::UntilDrained::new(
        replies, serving,
    ))))
}

/// Runs a client-streaming method: the handler reads [`Incoming`].
///
/// Elements are not validated here: a bulk import reports a bad element and goes on, an upload
/// stops. The handler calls [`validate`] per element.
///
/// # Errors
/// The status of the handler's error.
pub async fn client_stream<M, R, E, F, Fut>(
    request: Request<Streaming<M>>,
    handler: F,
) -> Result<Response<R>, Status>
where
    E: Fault,
    F: FnOnce(Caller, Incoming<M>) -> Fut,
    Fut: Future<Output = Result<R, E>>,
{
    let (caller, serving) = open(&request)?;
    match handler(caller, Incoming::new(request.into_inner())).await {
        Ok(reply) => Ok(Response::new(reply)),
        Err(error) => Err(status_of(serving.service, &error)),
    }
}
