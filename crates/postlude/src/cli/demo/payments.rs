//! The retailer's payment system, played by the story: an HTTP endpoint that checks the Standard
//! Webhooks signature, pays once per key and says so.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

/// A payment system at work; it ends with the process.
pub(super) struct Payments {
    address: SocketAddr,
    secret: String,
    ledger: Arc<Ledger>,
}

struct Ledger {
    webhook: Webhook,
    received: Mutex<Received>,
}

/// What came in.
#[derive(Debug, Clone, Default)]
pub(super) struct Received {
    /// Keys of the commands, each once.
    pub(super) keys: Vec<String>,
    /// Commands with a good signature, repeats included.
    pub(super) deliveries: usize,
    /// Commands with a bad one.
    pub(super) refused: usize,
}

impl Payments {
    /// Starts it. The secret is the story's, so that a story that goes on knows it.
    pub(super) async fn start(address: SocketAddr, story: &str) -> anyhow::Result<Self> {
        let key = Sha256::digest(format!("postlude demo payments {story}"));
        let secret = format!("whsec_{}", STANDARD.encode(key));
        let webhook = Webhook::new(&secret).context("the story's secret is one")?;
        let ledger = Arc::new(Ledger {
            webhook,
            received: Mutex::default(),
        });
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("the payment system can't listen on {address}"))?;
        let address = listener.local_addr()?;
        let router = Router::new()
            .route("/refunds", post(refund))
            .with_state(Arc::clone(&ledger));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            address,
            secret,
            ledger,
        })
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}/refunds", self.address)
    }

    pub(super) fn secret(&self) -> String {
        self.secret.clone()
    }

    pub(super) fn received(&self) -> Received {
        self.ledger.lock().clone()
    }
}

impl Ledger {
    fn lock(&self) -> std::sync::MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn refund(
    State(ledger): State<Arc<Ledger>>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let answer = |status: StatusCode, body: Value| {
        (
            status,
            [(CONTENT_TYPE, "application/json")],
            body.to_string(),
        )
    };
    let mut received = ledger.lock();
    if let Err(error) = ledger.webhook.verify(&body, &headers) {
        received.refused += 1;
        return answer(
            StatusCode::UNAUTHORIZED,
            json!({ "error": error.to_string() }),
        );
    }
    let key = headers
        .get(standardwebhooks::HEADER_WEBHOOK_ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    received.deliveries += 1;
    // The same reference for the same key, however often it comes.
    let reference = format!("pay-{}", key.to_lowercase());
    if !received.keys.contains(&key) {
        received.keys.push(key);
    }
    answer(
        StatusCode::OK,
        json!({ "status": "confirmed", "reference": reference }),
    )
}
