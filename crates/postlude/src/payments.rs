//! The retailer's payment system, played for the demo and for load: an HTTP endpoint that checks the
//! Standard Webhooks signature, pays once per key and says so.

use std::{
    collections::BTreeMap,
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
pub(crate) struct Payments {
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
pub(crate) struct Received {
    /// How often each command came, by its key.
    pub(crate) commands: BTreeMap<String, usize>,
    /// Commands with a bad one.
    pub(crate) refused: usize,
}

impl Payments {
    /// Starts it. The secret is made from `name`, so that whoever goes on with a story knows it.
    pub(crate) async fn start(address: SocketAddr, name: &str) -> anyhow::Result<Self> {
        let key = Sha256::digest(format!("postlude payments {name}"));
        let secret = format!("whsec_{}", STANDARD.encode(key));
        let webhook = Webhook::new(&secret).context("the secret is one")?;
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

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/refunds", self.address)
    }

    pub(crate) fn secret(&self) -> String {
        self.secret.clone()
    }

    pub(crate) fn received(&self) -> Received {
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
    // The same reference for the same key, however often it comes.
    let reference = format!("pay-{}", key.to_lowercase());
    *received.commands.entry(key).or_default() += 1;
    answer(
        StatusCode::OK,
        json!({ "status": "confirmed", "reference": reference }),
    )
}
