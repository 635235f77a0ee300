//! ListPlugins.

use postlude_proto::plugins::v1::ListPluginsRequest;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::{
    bundles::Bundle,
    registry::{Client, Registry, refusal},
};

fn page(page_token: &str) -> ListPluginsRequest {
    ListPluginsRequest {
        page_size: 2,
        page_token: page_token.to_owned(),
    }
}

on_both_databases! {
    async fn pages_by_id(registry: Registry) {
        for id in ["c", "a", "b"] {
            registry.upload("shop", &Bundle::new(id, "1.0.0")).await.unwrap();
        }
        registry.upload("other", &Bundle::new("z", "1.0.0")).await.unwrap();
        let mut client = registry.client("shop");
        let first = client.list_plugins(page("")).await.unwrap().into_inner();
        let rest = client.list_plugins(page(&first.next_page_token)).await.unwrap().into_inner();
        let ids = |plugins: &[postlude_proto::plugins::v1::Plugin]| {
            plugins.iter().map(|plugin| plugin.plugin_id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&first.plugins), ["a", "b"]);
        assert_eq!(ids(&rest.plugins), ["c"]);
        assert_eq!(rest.next_page_token, "");
        assert_eq!(
            refusal(client.list_plugins(page("nonsense")).await),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned())
        );
    }

    async fn needs_the_scope_to_read(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.write"]);
        assert_eq!(
            refusal(Client::new(channel).list_plugins(page("")).await),
            (Code::PermissionDenied, "SCOPE_MISSING".to_owned())
        );
    }
}
