//! The platform's own sections. Their defaults are in `default.toml`.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use crate::{
    Secret,
    telemetry::{LogConfig, TelemetryConfig},
    tls::TlsConfig,
};

/// What every process of the platform is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformConfig {
    /// Folder for databases, keys and snapshots.
    pub data_dir: PathBuf,
    /// Where the state is.
    pub database: DatabaseConfig,
    /// Where events travel.
    pub nats: NatsConfig,
    /// The operator's port.
    pub ops: OpsConfig,
    /// The key that signs who calls.
    pub identity: IdentityConfig,
    /// Certificates, for ports and calls between services.
    pub tls: TlsConfig,
    /// Logs.
    pub log: LogConfig,
    /// Traces and metrics.
    pub telemetry: TelemetryConfig,
    /// Calls to the outside.
    pub outgoing: OutgoingConfig,
    /// Addresses of services that run elsewhere, by service name.
    pub upstreams: BTreeMap<String, String>,
    /// Addresses of services' own gRPC ports, by service name.
    pub listen: BTreeMap<String, SocketAddr>,
}

/// The section `[database]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Empty for SQLite in the data folder.
    pub url: Secret,
    /// The owner's address, for migrations; empty if `url` is the owner's.
    pub migration_url: Secret,
    /// Connections per service.
    pub max_connections: u32,
    /// How long a statement may run. PostgreSQL only.
    pub statement_timeout_ms: u64,
    /// What each service's schema is named after, before the service's own name. PostgreSQL only.
    pub schema_prefix: String,
}

/// The section `[nats]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsConfig {
    /// Empty for the embedded bus.
    pub url: Secret,
    /// Stands first in subjects, and in capitals in the names of streams.
    pub prefix: String,
    /// How many servers keep each event.
    pub replicas: usize,
    /// A delivery that nobody works on comes again after this long.
    pub ack_wait_seconds: u64,
    /// The server's monitoring address; empty if there is none.
    pub monitor: String,
}

/// The section `[ops]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpsConfig {
    /// Where to listen.
    pub listen: SocketAddr,
}

/// The section `[identity]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// PEM; empty for a key of its own in the data folder.
    pub key: Secret,
    /// Where the key was read from, if it was a file: it is read again.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// A folder with public keys whose tokens are taken; empty for none but the own.
    pub trusted: PathBuf,
}

/// The section `[outgoing]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutgoingConfig {
    /// Networks that may be reached although they are private.
    pub allowed_cidrs: Vec<String>,
    /// For connecting.
    pub connect_timeout_seconds: u64,
    /// For the whole call.
    pub timeout_seconds: u64,
}

impl Default for OutgoingConfig {
    fn default() -> Self {
        Self {
            allowed_cidrs: Vec::new(),
            connect_timeout_seconds: 5,
            timeout_seconds: 15,
        }
    }
}
