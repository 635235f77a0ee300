//! The retailer's payment system, as far as Postlude meets it: an address that takes refund
//! commands and remembers each.

use std::collections::{BTreeMap, BTreeSet};

use standardwebhooks::Webhook;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

/// The secret that signs the commands, Standard Webhooks form.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A payment system that confirms whatever it is asked for.
#[derive(Debug)]
pub struct Sink(MockServer);

impl Sink {
    /// Starts listening on a free port of this machine.
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({
                "status": "confirmed",
                "reference": "bank-1",
            })))
            .mount(&server)
            .await;
        Self(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/refunds", self.0.uri())
    }

    /// How often each command came, by its `webhook-id`. One whose signature doesn't hold, or whose
    /// body isn't what came under its id before, is counted under a name of its own.
    ///
    /// # Errors
    /// If the secret is none.
    pub async fn commands(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        let webhook = Webhook::new(SECRET)?;
        let mut commands = BTreeMap::new();
        let mut bodies = BTreeMap::new();
        for request in self.0.received_requests().await.unwrap_or_default() {
            let id = request
                .headers
                .get("webhook-id")
                .and_then(|value| value.to_str().ok())
                .unwrap_or("without webhook-id")
                .to_owned();
            let signed = webhook.verify(&request.body, &request.headers).is_ok();
            let same = *bodies.entry(id.clone()).or_insert(request.body.clone()) == request.body;
            let key = match (signed, same) {
                (true, true) => id,
                (false, _) => format!("{id}, not signed"),
                (true, false) => format!("{id}, with another body"),
            };
            *commands.entry(key).or_insert(0) += 1;
        }
        Ok(commands)
    }

    /// For which return each command came, and under which key; repeats are left out.
    pub async fn asked(&self) -> BTreeSet<(String, String)> {
        let requests = self.0.received_requests().await.unwrap_or_default();
        requests
            .iter()
            .filter_map(|request| {
                let key = request.headers.get("webhook-id")?.to_str().ok()?;
                let body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
                let return_id = body.get("data")?.get("return_id")?.as_str()?;
                Some((return_id.to_owned(), key.to_owned()))
            })
            .collect()
    }
}
