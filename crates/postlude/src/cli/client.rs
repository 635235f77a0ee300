//! A connection to a running platform, through its gateway.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_types::StatusExt;

use super::Usage;

/// Largest answer that the command line takes.
pub(crate) const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Where the platform is, and with which key to call it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Connection {
    /// The gateway's address.
    #[arg(
        long,
        env = "POSTLUDE_ENDPOINT",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    pub(crate) endpoint: String,
    /// The API key, `plk_…`; better given by the environment than typed.
    #[arg(
        long,
        env = "POSTLUDE_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    api_key: Option<String>,
    /// For an address with https: the authority that signed its certificate, PEM, besides those that the
    /// system trusts.
    #[arg(long, env = "POSTLUDE_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// A channel that sends the key along.
pub(crate) type Gateway = InterceptedService<Channel, Credentials>;

/// Puts the key onto each call.
#[derive(Debug, Clone)]
pub(crate) struct Credentials(MetadataValue<Ascii>);

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Without a key, with an address that is none, or if nothing listens there.
    pub(crate) async fn open(&self) -> anyhow::Result<Gateway> {
        let key = self.api_key.as_deref().unwrap_or_default();
        if key.is_empty() {
            return Err(Usage(
                "no API key: set POSTLUDE_API_KEY or give --api-key; `postlude key create` makes one"
                    .to_owned(),
            )
            .into());
        }
        connect(&self.endpoint, key, self.ca_file.as_deref()).await
    }

    /// So many connections for load.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) async fn open_many(&self, count: usize) -> anyhow::Result<Vec<Gateway>> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.open().await?);
        }
        Ok(all)
    }
}

/// Connects with a key.
///
/// # Errors
/// With a key, an address or a file that is none, or if nothing listens there.
pub(crate) async fn connect(
    endpoint: &str,
    key: &str,
    ca_file: Option<&Path>,
) -> anyhow::Result<Gateway> {
    let mut value: MetadataValue<Ascii> = format!("Bearer {key}")
        .parse()
        .map_err(|_| Usage("the API key has characters that no key has".to_owned()))?;
    value.set_sensitive(true);
    let mut way = Endpoint::from_shared(endpoint.to_owned())
        .map_err(|_| Usage(format!("`{endpoint}` is not an address")))?;
    if way.uri().scheme_str() == Some("https") {
        let mut tls = ClientTlsConfig::new().with_enabled_roots();
        if let Some(path) = ca_file {
            let pem = std::fs::read(path).with_context(|| path.display().to_string())?;
            tls = tls.ca_certificate(Certificate::from_pem(pem));
        }
        way = way.tls_config(tls)?;
    }
    let channel = way.connect().await.with_context(|| {
        format!("nothing answers at {endpoint}; `postlude serve` starts a platform")
    })?;
    Ok(InterceptedService::new(channel, Credentials(value)))
}

/// Whether the platform may answer the same call later.
pub(crate) fn is_away(status: &Status) -> bool {
    match status.code() {
        tonic::Code::Unavailable
        | tonic::Code::Aborted
        | tonic::Code::ResourceExhausted
        | tonic::Code::DeadlineExceeded => true,
        // A connection that broke in the middle of a call.
        tonic::Code::Unknown | tonic::Code::Cancelled | tonic::Code::Internal => {
            std::error::Error::source(status).is_some()
        }
        tonic::Code::Ok
        | tonic::Code::InvalidArgument
        | tonic::Code::NotFound
        | tonic::Code::AlreadyExists
        | tonic::Code::PermissionDenied
        | tonic::Code::FailedPrecondition
        | tonic::Code::OutOfRange
        | tonic::Code::Unimplemented
        | tonic::Code::DataLoss
        | tonic::Code::Unauthenticated => false,
    }
}

/// A call that failed, with what was tried.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {}", status.message())]
pub(crate) struct CallError {
    what: String,
    pub(crate) status: Status,
}

impl CallError {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self.status.code() {
            tonic::Code::Unauthenticated => {
                Some("check the API key; `postlude key create` makes one")
            }
            tonic::Code::PermissionDenied => {
                Some("make a key with the missing scope: `postlude key create --scope …`")
            }
            tonic::Code::Unavailable => Some("is the platform running? `postlude serve` starts it"),
            tonic::Code::Ok
            | tonic::Code::Cancelled
            | tonic::Code::Unknown
            | tonic::Code::InvalidArgument
            | tonic::Code::DeadlineExceeded
            | tonic::Code::NotFound
            | tonic::Code::AlreadyExists
            | tonic::Code::ResourceExhausted
            | tonic::Code::FailedPrecondition
            | tonic::Code::Aborted
            | tonic::Code::OutOfRange
            | tonic::Code::Unimplemented
            | tonic::Code::Internal
            | tonic::Code::DataLoss => None,
        }
    }
}

/// The reason that a status carries; empty if it has none.
pub(crate) fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

/// Says what was tried when a call fails.
pub(crate) trait Tried<T> {
    /// The value, or the failure of `what`.
    fn tried(self, what: impl Into<String>) -> anyhow::Result<T>;
}

impl<T> Tried<T> for Result<tonic::Response<T>, Status> {
    fn tried(self, what: impl Into<String>) -> anyhow::Result<T> {
        match self {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => Err(CallError {
                what: what.into(),
                status,
            }
            .into()),
        }
    }
}
