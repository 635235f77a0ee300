//! The operations server: `/livez`, `/readyz`, `/metrics`, `/loglevel`.
//!
//! For the operator's network only; it asks for no credentials.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{LogLevel, metrics};
use crate::health::Vitals;

/// Whether the process takes calls: false until it is up, and again once it drains.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::SeqCst);
    }

    /// Whether it does.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What the server shows.
#[derive(Debug, Clone)]
pub struct Ops {
    /// Behind `/readyz`.
    pub readiness: Readiness,
    /// Named behind `/readyz`: each service of the process, with what it stands on.
    pub services: Vec<(&'static str, Vitals)>,
    /// Behind `/loglevel`; `None` where logs are not ours (tests).
    pub log_level: Option<LogLevel>,
}

/// Serves until `stop`.
///
/// # Errors
/// The listener's.
pub async fn serve(
    listener: TcpListener,
    ops: Ops,
    stop: CancellationToken,
) -> Result<(), std::io::Error> {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(show_metrics))
        .route("/loglevel", get(log_level).put(set_log_level))
        .with_state(ops);
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

/// Whether the process takes calls. A database that is away doesn't change that: its calls are answered
/// UNAVAILABLE, which a caller can act on, and all replicas share it. The lines below name it.
async fn ready(State(ops): State<Ops>) -> (StatusCode, String) {
    let (status, mut text) = if ops.readiness.get() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned())
    };
    for (service, vitals) in &ops.services {
        for (dependency, answers) in vitals.dependencies() {
            let state = if answers { "ok" } else { "away" };
            text.push_str(&format!("{service} {dependency} {state}\n"));
        }
    }
    (status, text)
}

async fn show_metrics() -> impl IntoResponse {
    let form = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (form, metrics::render())
}

async fn log_level(State(ops): State<Ops>) -> (StatusCode, String) {
    match &ops.log_level {
        Some(level) => (StatusCode::OK, format!("{}\n", level.get())),
        None => (
            StatusCode::NOT_FOUND,
            "logs are not managed here\n".to_owned(),
        ),
    }
}

async fn set_log_level(State(ops): State<Ops>, body: String) -> (StatusCode, String) {
    let Some(level) = &ops.log_level else {
        return (
            StatusCode::NOT_FOUND,
            "logs are not managed here\n".to_owned(),
        );
    };
    match level.set(body.trim()) {
        Ok(()) => (StatusCode::OK, format!("{}\n", level.get())),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}
