//! GetReturnSettings and UpdateReturnSettings.

use postlude_proto::returns::v1::*;
use postlude_testkit::on_both_databases;

use crate::world::{World, refusal, said};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn update(endpoint: &str, secret: &str) -> UpdateReturnSettingsRequest {
    UpdateReturnSettingsRequest {
        settings: Some(ReturnSettings {
            payment_endpoint: endpoint.to_owned(),
            payment_endpoint_secret: secret.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

on_both_databases! {
    async fn keeps_the_secret_to_itself(world: World) {
        let mut client = world.client.clone();
        let before = client.get_return_settings(GetReturnSettingsRequest {}).await.unwrap().into_inner();
        assert_eq!((before.payment_endpoint.as_str(), before.has_payment_endpoint_secret), ("", false));
        let set = client
            .update_return_settings(update("https://pay.example/refunds", SECRET))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(set.payment_endpoint_secret, "");
        assert!(set.has_payment_endpoint_secret);
        // An empty secret keeps the stored one.
        client.update_return_settings(update("https://pay.example/2", "")).await.unwrap();
        let now = client.get_return_settings(GetReturnSettingsRequest {}).await.unwrap().into_inner();
        assert_eq!(now.payment_endpoint, "https://pay.example/2");
        assert!(now.has_payment_endpoint_secret && now.payment_endpoint_secret.is_empty());
    }

    async fn takes_only_endpoints_that_may_be_called(world: World) {
        let mut client = world.client.clone();
        let invalid = |reason: &str| (tonic::Code::InvalidArgument, reason.to_owned());
        for endpoint in ["http://pay.example/refunds", "ftp://pay.example", "https://10.0.0.1/", "nonsense"] {
            let answer = client.update_return_settings(update(endpoint, SECRET)).await;
            assert_eq!(said(answer), invalid("PAYMENT_ENDPOINT_REFUSED"), "{endpoint}");
        }
        for secret in ["", "whsec_", "password"] {
            let answer = client.update_return_settings(update("https://pay.example", secret)).await;
            assert_eq!(said(answer), invalid("VALIDATION_FAILED"), "{secret}");
        }
    }

    async fn replaces_only_what_was_seen(world: World) {
        let mut client = world.client.clone();
        let first = client.update_return_settings(update("https://pay.example", SECRET)).await.unwrap().into_inner();
        let stale = UpdateReturnSettingsRequest { etag: "7".to_owned(), ..update("", "") };
        assert_eq!(said(client.update_return_settings(stale).await), refusal("ETAG_MISMATCH"));
        let seen = UpdateReturnSettingsRequest { etag: first.etag, ..update("", "") };
        assert!(client.update_return_settings(seen).await.is_ok());
    }
}
