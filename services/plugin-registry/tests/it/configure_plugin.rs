//! ConfigurePlugin.

use postlude_proto::plugins::v1::{ConfigurePluginRequest, FaultAction};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::{
    bundles::Bundle,
    registry::{Client, Registry, refusal},
};

fn request(config: &str, etag: &str) -> ConfigurePluginRequest {
    ConfigurePluginRequest {
        plugin_id: "a".to_owned(),
        config: config.to_owned(),
        etag: etag.to_owned(),
        ..ConfigurePluginRequest::default()
    }
}

on_both_databases! {
    async fn a_change_is_a_new_generation_and_no_change_is_none(registry: Registry) {
        let installed = registry.install("shop", "a", "1.0.0").await;
        let mut client = registry.client("shop");
        let same = client.configure_plugin(request("{}", "")).await.unwrap().into_inner();
        assert_eq!(same, installed);
        let mut other = request(r#"{"days": 14}"#, "1");
        other.fault_action = FaultAction::FailClosed.into();
        let changed = client.configure_plugin(other).await.unwrap().into_inner();
        assert_eq!((changed.generation, changed.etag.as_str()), (2, "2"));
        assert_eq!(changed.fault_action(), FaultAction::FailClosed);
        assert_ne!(changed.config_digest, installed.config_digest);
    }

    async fn changes_only_what_was_seen(registry: Registry) {
        registry.install("shop", "a", "1.0.0").await;
        let answer = registry.client("shop").configure_plugin(request("{}", "7")).await;
        assert_eq!(refusal(answer), (Code::FailedPrecondition, "ETAG_MISMATCH".to_owned()));
    }

    async fn refuses_what_is_not_in_service(registry: Registry) {
        let mut client = registry.client("shop");
        assert_eq!(
            refusal(client.configure_plugin(request("{}", "")).await),
            (Code::NotFound, "PLUGIN_NOT_FOUND".to_owned())
        );
        registry.upload("shop", &Bundle::new("a", "1.0.0")).await.unwrap();
        assert_eq!(
            refusal(client.configure_plugin(request("{}", "")).await),
            (Code::FailedPrecondition, "PLUGIN_NOT_INSTALLED".to_owned())
        );
        registry.install("shop", "a", "1.0.0").await;
        assert_eq!(
            refusal(client.configure_plugin(request(r#"{"days": -1}"#, "")).await),
            (Code::InvalidArgument, "CONFIG_INVALID".to_owned())
        );
    }

    async fn needs_the_scope_to_write(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.read"]);
        let answer = Client::new(channel).configure_plugin(request("{}", "")).await;
        assert_eq!(refusal(answer), (Code::PermissionDenied, "SCOPE_MISSING".to_owned()));
    }
}
