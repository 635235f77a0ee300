//! The section `[gateway]`.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use serde::Deserialize;

/// What the door lets through. Every field has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where to listen. Loopback by default: whoever opens it to the world says so.
    pub listen: SocketAddr,
    /// Path of the door's certificate in PEM, with those between it and its authority. Empty: callers
    /// come in the clear, as behind a proxy that speaks TLS for it.
    pub tls_certificate: PathBuf,
    /// Path of its private key.
    pub tls_private_key: PathBuf,
    /// Bytes of one request message. What services decode by default.
    pub max_message_bytes: u32,
    /// Milliseconds that a unary call gets if its caller names no deadline.
    pub default_deadline_ms: u64,
    /// Milliseconds that a unary call gets at most.
    pub max_deadline_ms: u64,
    /// Milliseconds that a stream gets at most; a watch is opened again after it.
    pub max_stream_ms: u64,
    /// Calls per second that one key may make, and as many at once.
    pub rate_per_second: u32,
    /// Calls that one key may save up.
    pub rate_burst: u32,
    /// Unary calls inside at the same time; more are shed.
    pub max_in_flight: usize,
    /// Milliseconds in which nine in ten unary calls of a service shall be answered. While they aren't,
    /// fewer are let in.
    pub target_ms: u64,
    /// Streams open at the same time; more are shed.
    pub max_streams: usize,
    /// Services whose name isn't the middle of their package, by that middle.
    pub services: BTreeMap<String, String>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls_certificate: PathBuf::new(),
            tls_private_key: PathBuf::new(),
            max_message_bytes: 4 * 1024 * 1024,
            default_deadline_ms: 15_000,
            max_deadline_ms: 60_000,
            max_stream_ms: 3_600_000,
            rate_per_second: 2_000,
            rate_burst: 4_000,
            max_in_flight: 512,
            target_ms: 80,
            max_streams: 1_024,
            services: BTreeMap::from([("plugins".to_owned(), "plugin-registry".to_owned())]),
        }
    }
}

impl GatewayConfig {
    pub(crate) fn deadline(&self, asked: Option<Duration>, streaming: bool) -> Duration {
        let (default, most) = if streaming {
            (self.max_stream_ms, self.max_stream_ms)
        } else {
            (self.default_deadline_ms, self.max_deadline_ms)
        };
        asked
            .unwrap_or(Duration::from_millis(default))
            .min(Duration::from_millis(most))
    }
}
