//! Calls to the world outside: webhooks and providers whose addresses tenants give us.
//!
//! Every address is checked after DNS has answered, so that no name leads into the platform's own
//! network; no redirect is followed; the answer is read up to a limit. What is sent is signed by
//! the Standard Webhooks specification. Retrying is the caller's affair, as a row in its database;
//! [`backoff`] says when.

pub mod address;
mod retry_after;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{StatusCode, header::RETRY_AFTER};
use postlude_kernel::{Fault, FaultKind, Timestamp};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use standardwebhooks::Webhook;

use crate::{Secret, config::OutgoingConfig};
use address::Allowed;

/// Bytes of an answer that are read; more than this nobody needs of a webhook.
pub const RESPONSE_LIMIT: usize = 64 * 1024;

/// One message to an endpoint.
#[derive(Debug, Clone)]
pub struct WebhookRequest {
    /// Where to.
    pub url: String,
    /// `whsec_…`: what the endpoint checks the signature with. During a rotation both, with a space
    /// between.
    pub secret: Secret,
    /// `webhook-id`: the same for every attempt of one message.
    pub id: String,
    /// `webhook-timestamp`: the time of this attempt.
    pub time: Timestamp,
    /// JSON.
    pub body: Bytes,
}

/// What the endpoint said.
#[derive(Debug, Clone)]
pub struct WebhookResponse {
    /// Its status; 2xx is acceptance, a redirect isn't.
    pub status: StatusCode,
    /// What it wrote, up to [`RESPONSE_LIMIT`].
    pub body: Bytes,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// The call could not be made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The address is no http or https URL.
    #[error("`{0}` is no http or https address")]
    Url(String),
    /// The address leads into a network that may not be reached.
    #[error("the host `{0}` leads to an address that may not be called")]
    AddressRefused(String),
    /// A network in the configuration is none.
    #[error("`{0}` is no network; write for example 10.0.0.0/8")]
    Cidr(String),
    /// The secret isn't base64, or there is none.
    #[error("the secret is not `whsec_` and base64")]
    Secret,
    /// The body isn't UTF-8.
    #[error("the body is not UTF-8 text")]
    Body,
    /// Nobody answered in time.
    #[error("the endpoint didn't answer in time")]
    TimedOut,
    /// No connection, or one that broke.
    #[error("the endpoint can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The answer is larger than anyone needs.
    #[error("the endpoint's answer is larger than 64 KiB")]
    TooLarge,
    /// The client can't be built.
    #[error("the HTTP client can't be built")]
    Client(#[source] reqwest::Error),
}

impl Fault for OutgoingError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Url(_) | Self::Secret | Self::Body | Self::AddressRefused(_) => {
                FaultKind::InvalidArgument
            }
            Self::TimedOut => FaultKind::DeadlineExceeded,
            Self::Unreachable(_) | Self::TooLarge => FaultKind::Unavailable,
            Self::Cidr(_) | Self::Client(_) => FaultKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Url(_) => "ENDPOINT_URL_INVALID",
            Self::AddressRefused(_) => "ENDPOINT_ADDRESS_REFUSED",
            Self::Secret => "ENDPOINT_SECRET_INVALID",
            Self::Body => "ENDPOINT_BODY_INVALID",
            Self::TimedOut => "ENDPOINT_TIMED_OUT",
            Self::Unreachable(_) => "ENDPOINT_UNREACHABLE",
            Self::TooLarge => "ENDPOINT_ANSWER_TOO_LARGE",
            Self::Cidr(_) | Self::Client(_) => "INTERNAL",
        }
    }
}

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    client: Client,
    allowed: Arc<Allowed>,
}

impl Outgoing {
    /// A client by configuration.
    ///
    /// # Errors
    /// [`OutgoingError::Cidr`] if an allowed network is none, [`OutgoingError::Client`] if TLS
    /// can't be set up.
    pub fn new(config: &OutgoingConfig) -> Result<Self, OutgoingError> {
        let allowed = Arc::new(Allowed::parse(&config.allowed_cidrs).map_err(OutgoingError::Cidr)?);
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(config.connect_timeout_seconds))
            .timeout(Duration::from_secs(config.timeout_seconds))
            // A kept connection would skip the next resolution's check only for an address that
            // passed it before; a short idle time keeps even that small.
            .pool_idle_timeout(Duration::from_secs(10))
            .user_agent(concat!("postlude/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(CheckedDns(Arc::clone(&allowed))))
            .build()
            .map_err(OutgoingError::Client)?;
        Ok(Self { client, allowed })
    }

    /// Whether an endpoint's address may be given at all: scheme, host, and a literal address. What
    /// a name leads to is checked at every call.
    ///
    /// # Errors
    /// [`OutgoingError::Url`] or [`OutgoingError::AddressRefused`].
    pub fn check_url(&self, text: &str) -> Result<Url, OutgoingError> {
        let url = Url::parse(text).map_err(|_invalid| OutgoingError::Url(text.to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutgoingError::Url(text.to_owned()));
        }
        let host = url
            .host_str()
            .ok_or_else(|| OutgoingError::Url(text.to_owned()))?;
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            Ok(address) if !self.allowed.permits(address) => {
                Err(OutgoingError::AddressRefused(host.to_owned()))
            }
            Ok(_) | Err(_) => Ok(url),
        }
    }

    /// Sends a message, once.
    ///
    /// Any status is an answer, not an error: 410 means that the endpoint is gone for good, 429 and
    /// 503 may carry `retry_after`.
    ///
    /// # Errors
    /// [`OutgoingError`] if there is no answer.
    pub async fn send(&self, request: &WebhookRequest) -> Result<WebhookResponse, OutgoingError> {
        let url = self.check_url(&request.url)?;
        let (seconds, _) = request.time.to_seconds_nanos();
        let mut response = self
            .client
            .post(url.clone())
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(standardwebhooks::HEADER_WEBHOOK_ID, &request.id)
            .header(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, seconds)
            .header(
                standardwebhooks::HEADER_WEBHOOK_SIGNATURE,
                signatures(request, seconds)?,
            )
            .body(request.body.clone())
            .send()
            .await
            .map_err(|error| failure(&url, error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failure(&url, error))?
        {
            if body.len() + chunk.len() > RESPONSE_LIMIT {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after::parse(text, request.time));
        Ok(WebhookResponse {
            status: response.status(),
            body: body.into(),
            retry_after,
        })
    }
}

/// How long to wait after attempt number `attempt` (1 is the first) failed; `None` when it is time
/// to give up, after about 75 hours. The caller adds jitter.
#[must_use]
pub fn backoff(attempt: u32) -> Option<Duration> {
    const SECONDS: [u64; 10] = [
        5,
        30,
        2 * 60,
        15 * 60,
        60 * 60,
        4 * 3600,
        10 * 3600,
        14 * 3600,
        20 * 3600,
        26 * 3600,
    ];
    let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
    SECONDS.get(index).copied().map(Duration::from_secs)
}

/// One signature per secret, separated by spaces: during a rotation either side may be behind.
fn signatures(request: &WebhookRequest, seconds: i64) -> Result<String, OutgoingError> {
    let mut signatures = Vec::new();
    for secret in request.secret.expose().split_whitespace() {
        let webhook = Webhook::new(secret).map_err(|_invalid| OutgoingError::Secret)?;
        let signature = webhook
            .sign(&request.id, seconds, &request.body)
            .map_err(|_invalid| OutgoingError::Body)?;
        signatures.push(signature);
    }
    if signatures.is_empty() {
        return Err(OutgoingError::Secret);
    }
    Ok(signatures.join(" "))
}

fn failure(url: &Url, error: reqwest::Error) -> OutgoingError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = source {
        if cause.is::<Refused>() {
            return OutgoingError::AddressRefused(url.host_str().unwrap_or_default().to_owned());
        }
        source = cause.source();
    }
    if error.is_timeout() {
        OutgoingError::TimedOut
    } else {
        // The URL may carry a token in its query.
        OutgoingError::Unreachable(error.without_url())
    }
}

/// The name leads where nobody may go.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that may not be called")]
struct Refused;

/// Resolves by the system and refuses the whole answer if one address in it is refused: a name
/// that mixes public and private addresses is an attack or a mistake.
struct CheckedDns(Arc<Allowed>);

impl Resolve for CheckedDns {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| !allowed.permits(address.ip())) {
                return Err(Refused.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
