//! DisablePlugin.

use postlude_proto::plugins::v1::{DisablePluginRequest, GetBindingsRequest, installation::State};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::registry::{Client, Registry, refusal};

fn request() -> DisablePluginRequest {
    DisablePluginRequest {
        plugin_id: "a".to_owned(),
        ..DisablePluginRequest::default()
    }
}

on_both_databases! {
    async fn takes_the_binding_away_and_comes_back(registry: Registry) {
        registry.install("shop", "a", "1.0.0").await;
        let off = registry.client("shop").disable_plugin(request()).await.unwrap().into_inner();
        assert_eq!(off.state(), State::Disabled);
        let asked = GetBindingsRequest { hook: "return-policy".to_owned(), known_generation: 1 };
        let bindings = registry.internal().get_bindings(asked).await.unwrap().into_inner();
        assert!(bindings.changed && bindings.bindings.is_empty());
        let again = registry.client("shop").disable_plugin(request()).await.unwrap().into_inner();
        assert_eq!(again, off);
        assert_eq!(registry.install("shop", "a", "1.0.0").await.state(), State::Active);
    }

    async fn refuses_what_is_not_there_and_what_changed(registry: Registry) {
        assert_eq!(
            refusal(registry.client("shop").disable_plugin(request()).await),
            (Code::NotFound, "PLUGIN_NOT_FOUND".to_owned())
        );
        registry.install("shop", "a", "1.0.0").await;
        let mut stale = request();
        stale.etag = "9".to_owned();
        assert_eq!(
            refusal(registry.client("shop").disable_plugin(stale).await),
            (Code::FailedPrecondition, "ETAG_MISMATCH".to_owned())
        );
    }

    async fn needs_the_scope_to_write(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.read"]);
        assert_eq!(
            refusal(Client::new(channel).disable_plugin(request()).await),
            (Code::PermissionDenied, "SCOPE_MISSING".to_owned())
        );
    }
}
