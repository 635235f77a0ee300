//! From the door to the service and back.

use http::{HeaderMap, Request, Response, header};
use postlude_chassis::{clients::Target, deadline, identity, telemetry::calls::Call};
use postlude_proto::INTERNAL_SCOPE;
use tokio::{sync::oneshot, time::Instant};
use tonic::{Code, body::Body};

use super::{
    Door, credentials,
    refusal::Refusal,
    relayed::{Relayed, is_timeout},
    sized::Sized,
};

/// Headers of ours that nobody outside may set.
const OURS: &str = "x-postlude-";

impl Door {
    /// Lets a call through, or says why not.
    pub(super) async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let path = request.uri().path().to_owned();
        let method = postlude_proto::method(&path);
        let streaming = method.is_some_and(|method| {
            method.descriptor.is_server_streaming() || method.descriptor.is_client_streaming()
        });
        let room = self.0.limits.room(streaming)?;
        let now = self.0.clock.now();
        let caller = credentials::check(&self.0.keys, request.headers(), now).await?;
        self.0.limits.rate(&caller.subject)?;
        let method = method
            .filter(|method| !method.scope.is_empty() && method.scope != INTERNAL_SCOPE)
            .ok_or_else(|| Refusal::MethodUnknown(path.clone()))?;
        if !caller.holds(&method.scope) {
            return Err(Refusal::ScopeMissing(method.scope.clone()));
        }
        let service = self.service_of(method.descriptor.parent_service().package_name());
        let target = self.target(&service)?;
        let inside = match streaming {
            true => None,
            false => Some(self.0.limits.room_at(&service)?),
        };

        let time = self
            .0
            .config
            .deadline(deadline::read(request.headers()), streaming);
        let until = Instant::now() + time;
        let (mut parts, body) = request.into_parts();
        prepare(&mut parts.headers);
        parts
            .headers
            .insert(identity::HEADER, self.0.signer.mint(&caller)?);
        deadline::write(&mut parts.headers, time);
        let call = Call::ask(&service, &path);
        call.write(&mut parts.headers);
        parts.extensions = http::Extensions::new();
        let (body, mut too_large) = Sized::new(body, self.0.config.max_message_bytes);
        let request = Request::from_parts(parts, Body::new(body));

        let refuse = |size| {
            let limit = self.0.config.max_message_bytes;
            Err(Refusal::TooLarge { size, limit })
        };
        let sent = tokio::select! {
            biased;
            size = heard(&mut too_large) => return refuse(size),
            sent = call.run(target.send(request)) => sent,
            () = tokio::time::sleep_until(until) => {
                call.fail(Code::DeadlineExceeded);
                return Err(Refusal::DeadlineExceeded);
            }
        };
        // The service may have answered the broken stream at once.
        if let Ok(size) = too_large.try_recv() {
            return refuse(size);
        }
        let response = match sent {
            Ok(response) => call.finish(response),
            Err(error) if error.is_timeout() => {
                call.fail(Code::DeadlineExceeded);
                return Err(Refusal::DeadlineExceeded);
            }
            Err(error) => {
                call.fail(Code::Unavailable);
                tracing::warn!(service, error = %causes(&error), "an upstream can't be reached");
                return Err(Refusal::UpstreamUnavailable(service));
            }
        };
        if is_timeout(response.headers()) {
            return Err(Refusal::DeadlineExceeded);
        }
        if response.headers().contains_key("grpc-status") {
            // Headers that are trailers as well: there is no body to wait for.
            return Ok(response);
        }
        let drained = streaming.then(|| self.0.stop.clone());
        Ok(response
            .map(|body| Body::new(Relayed::new(body, service, until, drained, (room, inside)))))
    }

    /// The service that owns a package: the middle of `postlude.<domain>.v1`, unless configured
    /// otherwise.
    pub(super) fn service_of(&self, package: &str) -> String {
        let domain = package.split('.').nth(1).unwrap_or_default();
        self.0
            .config
            .services
            .get(domain)
            .cloned()
            .unwrap_or_else(|| domain.replace('_', "-"))
    }

    pub(super) fn target(&self, service: &str) -> Result<Target, Refusal> {
        self.0
            .clients
            .target(service)
            .ok_or_else(|| Refusal::UpstreamUnavailable(service.to_owned()))
    }
}

/// Takes out what is the door's business.
fn prepare(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    headers.remove(header::COOKIE);
    let ours: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(OURS))
        .cloned()
        .collect();
    for name in ours {
        headers.remove(name);
    }
}

/// The size of the message that was too large; never comes if none was.
async fn heard(told: &mut oneshot::Receiver<u32>) -> u32 {
    match told.await {
        Ok(size) => size,
        Err(_never) => std::future::pending().await,
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
