//! The retailer's payment system, as far as Postlude meets it: an address that takes refund
//! commands and remembers each.

use std::collections::BTreeMap;

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

    /// How often each command came, by its `webhook-id`.
    pub async fn commands(&self) -> BTreeMap<String, usize> {
        let mut commands = BTreeMap::new();
        for request in self.0.received_requests().await.unwrap_or_default() {
            let key = request
                .headers
                .get("webhook-id")
                .and_then(|value| value.to_str().ok())
                .unwrap_or("without webhook-id");
            *commands.entry(key.to_owned()).or_insert(0) += 1;
        }
        commands
    }
}
