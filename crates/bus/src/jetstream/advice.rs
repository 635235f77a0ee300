//! What an operator should hear about the broker's own settings, as far as they can be known.
//!
//! NATS acknowledges a message before it is on the disk, unless `sync_interval: always` is set: a power
//! cut then takes acknowledged messages away. A client can't see the setting; the server's monitoring
//! port shows it.

use std::time::Duration;

use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::JetStreamConfig;

const LIMIT: Duration = Duration::from_secs(2);
const MOST: u64 = 1 << 20;

#[derive(Deserialize)]
struct Jsz {
    config: Settings,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    sync_always: bool,
}

/// Says in the log what is wrong, or that nobody could look.
pub(super) async fn give(config: &JetStreamConfig) {
    if config.monitor.is_empty() {
        tracing::info!(
            "whether the broker runs with `sync_interval: always` can't be seen from here; without it a power cut takes acknowledged events (nats.monitor lets us look)"
        );
        return;
    }
    match tokio::time::timeout(LIMIT, syncs_always(&config.monitor)).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => tracing::error!(
            "the broker runs without `sync_interval: always`: a power cut takes acknowledged events; outboxes keep them for a replay"
        ),
        Ok(Err(error)) => tracing::warn!(%error, "nats.monitor gives no readable answer"),
        Err(_) => tracing::warn!("nats.monitor gives no answer"),
    }
}

async fn syncs_always(address: &str) -> std::io::Result<bool> {
    let unreadable = |what: String| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    let host = address
        .strip_prefix("http://")
        .ok_or_else(|| unreadable("nats.monitor begins with http://".to_owned()))?
        .trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await?;
    let request =
        format!("GET /jsz?config=true HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer).await?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| unreadable("no answer of HTTP".to_owned()))?;
    let jsz: Jsz = serde_json::from_str(body).map_err(|error| unreadable(error.to_string()))?;
    Ok(jsz.config.sync_always)
}
