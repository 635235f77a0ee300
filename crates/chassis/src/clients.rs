//! Calls from one service to another.
//!
//! In one process a call goes straight into the other service's routes; else over HTTP/2 to the
//! address from the configuration. The caller of this code sees no difference: identity, deadline
//! and checks are the same.

mod upstream;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    task,
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use postlude_kernel::{Fault, FaultKind};
use tonic::{body::Body, service::Routes, transport::Endpoint};
use tower::Service;

pub use upstream::{SendError, Upstream};

use crate::{Caller, Tls, deadline, identity, identity::Signer, rpc, telemetry::calls::Call};

/// A unary call between services takes this long at most, unless its own caller allows less.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// Knows where every service is. Cheap to clone; all clones share what they know.
#[derive(Debug, Clone)]
pub struct Clients {
    signer: Signer,
    tls: Option<Tls>,
    targets: Arc<RwLock<HashMap<String, Target>>>,
}

/// Where a service is.
#[derive(Debug, Clone)]
pub enum Target {
    /// In this process.
    InProcess(Routes),
    /// At one or several addresses.
    Remote(Upstream),
}

/// A service, called in a caller's name: what generated clients are built on.
#[derive(Debug, Clone)]
pub struct ServiceChannel {
    clients: Clients,
    service: String,
    caller: Caller,
}

/// The service can't be called.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The configuration names no address and the service isn't in this process.
    #[error("nobody knows where the service `{0}` is")]
    Unknown(String),
    /// The address is none.
    #[error(
        "`{uri}` is no address for the service `{service}`; write for example {scheme}://127.0.0.1:7001"
    )]
    Address {
        /// The service.
        service: String,
        /// What was given.
        uri: String,
        /// How services are spoken to here.
        scheme: &'static str,
    },
    /// The service can't be reached.
    #[error("the service `{service}` can't be reached")]
    Unreachable {
        /// The service.
        service: String,
        /// Why.
        #[source]
        source: SendError,
    },
    /// It didn't answer in time.
    #[error("the service `{0}` didn't answer in time")]
    TooLate(String),
    /// No identity for the call.
    #[error("no identity for the call")]
    Identity(#[from] identity::IdentityError),
}

impl Fault for ClientError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Unknown(_) | Self::Unreachable { .. } => FaultKind::Unavailable,
            Self::TooLate(_) => FaultKind::DeadlineExceeded,
            Self::Address { .. } | Self::Identity(_) => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unknown(_) | Self::Unreachable { .. } => "UPSTREAM_UNAVAILABLE",
            Self::TooLate(_) => "DEADLINE_EXCEEDED",
            Self::Address { .. } | Self::Identity(_) => "INTERNAL",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unknown(_) | Self::Unreachable { .. } => Some(Duration::from_millis(500)),
            Self::TooLate(_) | Self::Address { .. } | Self::Identity(_) => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unknown(service)
            | Self::TooLate(service)
            | Self::Unreachable { service, .. }
            | Self::Address { service, .. } => vec![("service", service.clone())],
            Self::Identity(_) => Vec::new(),
        }
    }
}

impl Clients {
    /// Knows no service yet. With `tls` every call that leaves the process shows a certificate and
    /// asks for one.
    #[must_use]
    pub fn new(signer: Signer, tls: Option<Tls>) -> Self {
        Self {
            signer,
            tls,
            targets: Arc::default(),
        }
    }

    /// The service `name` runs in this process. [`Service::start`](crate::Service::start) says so.
    pub fn register(&self, name: &str, routes: Routes) {
        self.set(name, Target::InProcess(routes));
    }

    /// The service `name` is at `uri`, or at several with commas between; connections are made when
    /// they are needed, and again when they break.
    ///
    /// # Errors
    /// [`ClientError::Address`] if one is no address of the [`scheme`](Self::scheme).
    pub fn connect(&self, name: &str, uri: &str) -> Result<(), ClientError> {
        let channels = uri.split(',').map(|uri| {
            let wrong = || ClientError::Address {
                service: name.to_owned(),
                uri: uri.to_owned(),
                scheme: self.scheme(),
            };
            let parsed: Uri = uri.trim().parse().map_err(|_invalid| wrong())?;
            if parsed.scheme_str() != Some(self.scheme()) || parsed.authority().is_none() {
                return Err(wrong());
            }
            // The connector below speaks TLS; the library's own would do so again if it saw the scheme.
            let clear = Uri::builder()
                .scheme("http")
                .authority(
                    parsed
                        .authority()
                        .map_or("", |authority| authority.as_str()),
                )
                .path_and_query("/")
                .build()
                .map_err(|_invalid| wrong())?;
            let endpoint = Endpoint::from(clear)
                .connect_timeout(Duration::from_secs(2))
                .tcp_nodelay(true)
                .http2_keep_alive_interval(Duration::from_secs(10))
                .keep_alive_timeout(Duration::from_secs(5));
            Ok(match self.tls.clone() {
                None => endpoint.connect_lazy(),
                Some(tls) => {
                    endpoint.connect_with_connector_lazy(tower::service_fn(move |uri: Uri| {
                        let tls = tls.clone();
                        async move { tls.connect(&uri).await }
                    }))
                }
            })
        });
        let channels = channels.collect::<Result<_, _>>()?;
        self.set(name, Target::Remote(Upstream::new(name, channels)));
        Ok(())
    }

    /// How services elsewhere are spoken to: `https` with certificates, else `http`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Where the service `name` is, if anybody said so. Dashes and underscores are the same.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<Target> {
        self.targets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&name.replace('_', "-"))
            .cloned()
    }

    /// The service `name`, called as `caller`: `OrderServiceClient::new(clients.to("orders", &caller))`.
    ///
    /// It may be asked for before the service is there; calls then answer UNAVAILABLE.
    #[must_use]
    pub fn to(&self, service: &str, caller: &Caller) -> ServiceChannel {
        ServiceChannel {
            clients: self.clone(),
            service: service.to_owned(),
            caller: caller.clone(),
        }
    }

    fn set(&self, name: &str, target: Target) {
        self.targets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.replace('_', "-"), target);
    }
}

impl Target {
    /// Sends a request there.
    ///
    /// # Errors
    /// [`SendError`]; a service in this process has none.
    pub async fn send(self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        match self {
            Self::InProcess(mut routes) => match routes.call(request).await {
                Ok(response) => Ok(response),
                Err(never) => match never {},
            },
            Self::Remote(upstream) => upstream.send(request).await,
        }
    }
}

impl SendError {
    /// Whether it is the transport's word for a deadline: the channel keeps the one in the request's
    /// header as well, and may notice first.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Transport(error) => is_timeout(error),
            Self::Body(_) | Self::Open => false,
        }
    }
}

fn is_timeout(error: &tonic::transport::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<tonic::TimeoutExpired>() {
            return true;
        }
        source = cause.source();
    }
    false
}

impl ServiceChannel {
    async fn send(self, mut request: Request<Body>) -> Result<Response<Body>, ClientError> {
        let service = self.service;
        let target = self
            .clients
            .target(&service)
            .ok_or_else(|| ClientError::Unknown(service.clone()))?;
        let token = self.clients.signer.mint(&self.caller)?;
        let streams = postlude_proto::method(request.uri().path()).is_some_and(|method| {
            method.descriptor.is_client_streaming() || method.descriptor.is_server_streaming()
        });
        let asked = [deadline::read(request.headers()), deadline::left()]
            .into_iter()
            .flatten()
            .min();
        // A stream lasts as long as it is needed, unless its caller says otherwise.
        let time = match (asked, streams) {
            (Some(asked), true) => Some(asked),
            (Some(asked), false) => Some(asked.min(DEADLINE)),
            (None, true) => None,
            (None, false) => Some(DEADLINE),
        };
        request.headers_mut().insert(identity::HEADER, token);
        if let Some(time) = time {
            deadline::write(request.headers_mut(), time);
        }
        let call = Call::ask(&service, request.uri().path());
        call.write(request.headers_mut());
        // The routes of a service in this process read the peer's own span and task; box the way
        // there so that a deep chain of calls doesn't grow one future.
        let sent = Box::pin(call.run(target.send(request)));
        let sent = match time {
            Some(time) => tokio::time::timeout(time, sent).await,
            None => Ok(sent.await),
        };
        let error = match sent {
            Ok(Ok(response)) => return Ok(call.finish(response)),
            Ok(Err(source)) if source.is_timeout() => ClientError::TooLate(service),
            Ok(Err(source)) => ClientError::Unreachable { service, source },
            Err(_elapsed) => ClientError::TooLate(service),
        };
        call.fail(rpc::code(error.kind()));
        Err(error)
    }
}

impl Service<Request<Body>> for ServiceChannel {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(
        &mut self,
        _context: &mut task::Context<'_>,
    ) -> task::Poll<Result<(), Self::Error>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move {
            // An error becomes a status with its reason, so that the caller reads one kind of
            // failure, wherever it happened.
            Ok(channel
                .send(request)
                .await
                .unwrap_or_else(|error| rpc::status(&error).into_http()))
        })
    }
}
