//! TLS on ports and on calls between services, from PEM files that are read again while the process
//! runs: certificates are renewed without a restart.
//!
//! Between services it is mutual: each side shows a certificate of the same authority, and the one that
//! calls checks the name it called by. On the gateway's door only the server shows one; callers have
//! their API keys.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client, server};
use tokio_util::sync::CancellationToken;

use crate::reload;

/// A peer that doesn't finish its greeting is let go.
const GREETING: Duration = Duration::from_secs(10);
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// The section `[tls]`: paths of PEM files. All empty: calls between services are in the clear.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The process' certificate and those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub private_key: PathBuf,
    /// The authority whose certificates are taken, from services that call and that are called.
    pub authority: PathBuf,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Some of the paths are given, and not all.
    #[error("{0}: certificate and key belong together, between services also the authority")]
    Incomplete(&'static str),
    /// A file that can't be read, or isn't what it should be.
    #[error("{path}: {message}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The certificate and the key don't go together, or their algorithm isn't known.
    #[error("the certificate {path} can't be used: {source}", path = path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// One end of TLS connections. Cheap to clone; all clones follow the files.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    files: Files,
    ends: ArcSwap<Ends>,
}

struct Files {
    certificate: PathBuf,
    private_key: PathBuf,
    /// None on the door.
    authority: Option<PathBuf>,
}

struct Ends {
    /// What they were made from.
    pems: Pems,
    server: Arc<ServerConfig>,
    client: Option<Arc<ClientConfig>>,
}

#[derive(PartialEq, Eq)]
struct Pems {
    certificate: Vec<u8>,
    private_key: Vec<u8>,
    authority: Option<Vec<u8>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({})", self.0.files.certificate.display())
    }
}

impl Tls {
    /// Between services, by the section `[tls]`; none if all of it is empty.
    ///
    /// # Errors
    /// [`TlsError`] that names the file, or what is missing.
    pub fn between_services(config: &TlsConfig) -> Result<Option<Self>, TlsError> {
        let paths = [&config.certificate, &config.private_key, &config.authority];
        let given = paths.map(|path| !path.as_os_str().is_empty());
        match given {
            [false, false, false] => Ok(None),
            [true, true, true] => Self::open(Files {
                certificate: config.certificate.clone(),
                private_key: config.private_key.clone(),
                authority: Some(config.authority.clone()),
            })
            .map(Some),
            _ => Err(TlsError::Incomplete("tls")),
        }
    }

    /// On the gateway's door; none if both paths are empty.
    ///
    /// # Errors
    /// [`TlsError`] that names the file, or what is missing.
    pub fn on_the_door(certificate: &Path, private_key: &Path) -> Result<Option<Self>, TlsError> {
        match (
            certificate.as_os_str().is_empty(),
            private_key.as_os_str().is_empty(),
        ) {
            (true, true) => Ok(None),
            (false, false) => Self::open(Files {
                certificate: certificate.to_owned(),
                private_key: private_key.to_owned(),
                authority: None,
            })
            .map(Some),
            _ => Err(TlsError::Incomplete("gateway")),
        }
    }

    fn open(files: Files) -> Result<Self, TlsError> {
        let ends = files.ends(files.read()?)?;
        Ok(Self(Arc::new(Inner {
            files,
            ends: ArcSwap::from_pointee(ends),
        })))
    }

    /// Reads the files again; connections that are made from now on follow.
    ///
    /// # Errors
    /// [`TlsError`]; then all stays as it is.
    pub fn reload(&self) -> Result<(), TlsError> {
        let pems = self.0.files.read()?;
        if self.0.ends.load().pems != pems {
            self.0.ends.store(Arc::new(self.0.files.ends(pems)?));
            tracing::info!(certificate = %self.0.files.certificate.display(), "a new certificate");
        }
        Ok(())
    }

    /// Follows the files until it is stopped.
    pub async fn follow(self, stop: CancellationToken) {
        reload::follow(stop, "certificates", move || self.reload()).await;
    }

    /// The server's end of a connection.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> std::io::Result<server::TlsStream<TcpStream>> {
        let end = Arc::clone(&self.0.ends.load().server);
        let greeted = tokio_rustls::TlsAcceptor::from(end).accept(stream);
        tokio::time::timeout(GREETING, greeted).await?
    }

    /// The client's end of a connection to `uri`'s host.
    pub(crate) async fn connect(
        &self,
        uri: &Uri,
    ) -> std::io::Result<TokioIo<client::TlsStream<TcpStream>>> {
        let invalid =
            |message: &str| std::io::Error::new(std::io::ErrorKind::InvalidInput, message);
        let host = uri
            .host()
            .ok_or_else(|| invalid("an address without a host"))?;
        let host = host.trim_matches(['[', ']']);
        let end = self.0.ends.load().client.clone();
        let end = end.ok_or_else(|| invalid("no certificate to call with"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        stream.set_nodelay(true)?;
        let greeted = TlsConnector::from(end).connect(name, stream).await?;
        Ok(TokioIo::new(greeted))
    }
}

impl Files {
    fn read(&self) -> Result<Pems, TlsError> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| TlsError::File {
                path: path.clone(),
                message: error.to_string(),
            })
        };
        Ok(Pems {
            certificate: read(&self.certificate)?,
            private_key: read(&self.private_key)?,
            authority: self.authority.as_ref().map(read).transpose()?,
        })
    }

    fn ends(&self, pems: Pems) -> Result<Ends, TlsError> {
        let unusable = |source| TlsError::Certificate {
            path: self.certificate.clone(),
            source,
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain = certificates(&self.certificate, &pems.certificate)?;
        let key =
            PrivateKeyDer::from_pem_slice(&pems.private_key).map_err(|error| TlsError::File {
                path: self.private_key.clone(),
                message: format!("no private key in PEM: {error}"),
            })?;
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let (server, client) = match (&self.authority, &pems.authority) {
            (Some(path), Some(pem)) => {
                let roots = Arc::new(roots(path, pem)?);
                let client = self.client(&provider, &roots, chain.clone(), key.clone_key())?;
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider))
                        .build()
                        .map_err(|error| TlsError::File {
                            path: path.clone(),
                            message: error.to_string(),
                        })?;
                (server.with_client_cert_verifier(verifier), Some(client))
            }
            _ => (server.with_no_client_auth(), None),
        };
        let mut server = server.with_single_cert(chain, key).map_err(unusable)?;
        server.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        Ok(Ends {
            pems,
            server: Arc::new(server),
            client,
        })
    }

    fn client(
        &self,
        provider: &Arc<CryptoProvider>,
        roots: &Arc<RootCertStore>,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Arc<ClientConfig>, TlsError> {
        let unusable = |source| TlsError::Certificate {
            path: self.certificate.clone(),
            source,
        };
        let mut client = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(Arc::clone(roots))
            .with_client_auth_cert(chain, key)
            .map_err(unusable)?;
        client.alpn_protocols = vec![HTTP2.to_vec()];
        Ok(Arc::new(client))
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |message: String| TlsError::File {
        path: path.to_owned(),
        message,
    };
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(format!("not PEM: {error}")))?;
    if found.is_empty() {
        return Err(wrong("no certificate in PEM".to_owned()));
    }
    Ok(found)
}

fn roots(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|error| TlsError::File {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
    }
    Ok(roots)
}
