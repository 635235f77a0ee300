//! GetPlugin.

use postlude_proto::plugins::v1::GetPluginRequest;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::{
    bundles::{Bundle, SCHEMA},
    registry::{Client, Registry, refusal},
};

fn request() -> GetPluginRequest {
    GetPluginRequest {
        plugin_id: "a".to_owned(),
    }
}

on_both_databases! {
    async fn shows_versions_newest_first_and_what_is_in_service(registry: Registry) {
        for version in ["1.9.0", "1.10.0", "1.2.0"] {
            registry.upload("shop", &Bundle::new("a", version)).await.unwrap();
        }
        registry.install("shop", "a", "1.9.0").await;
        let plugin = registry.client("shop").get_plugin(request()).await.unwrap().into_inner();
        let versions: Vec<_> = plugin.versions.iter().map(|one| one.version.as_str()).collect();
        assert_eq!(versions, ["1.10.0", "1.9.0", "1.2.0"]);
        assert_eq!(plugin.installation.unwrap().version, "1.9.0");
        assert_eq!(plugin.versions[0].config_schema, SCHEMA);
    }

    async fn another_tenants_plugin_is_not_there(registry: Registry) {
        registry.install("shop", "a", "1.0.0").await;
        assert_eq!(
            refusal(registry.client("other").get_plugin(request()).await),
            (Code::NotFound, "PLUGIN_NOT_FOUND".to_owned())
        );
    }

    async fn needs_the_scope_to_read(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.write"]);
        assert_eq!(
            refusal(Client::new(channel).get_plugin(request()).await),
            (Code::PermissionDenied, "SCOPE_MISSING".to_owned())
        );
    }
}
