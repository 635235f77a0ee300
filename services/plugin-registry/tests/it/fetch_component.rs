//! FetchComponent.

use postlude_proto::plugins::v1::FetchComponentRequest;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::{
    bundles::{Bundle, component},
    registry::{Registry, refusal},
};

on_both_databases! {
    async fn gives_the_bytes_that_were_uploaded(registry: Registry) {
        let version = registry.upload("shop", &Bundle::new("a", "1.0.0")).await.unwrap();
        // The same component of another tenant is kept once and fetched by the same digest.
        registry.upload("other", &Bundle::new("b", "1.0.0")).await.unwrap();
        let request = FetchComponentRequest { component_digest: version.component_digest };
        let mut stream = registry.internal().fetch_component(request).await.unwrap().into_inner();
        let mut bytes = Vec::new();
        while let Some(element) = stream.message().await.unwrap() {
            bytes.extend(element.chunk);
        }
        assert_eq!(bytes, component());
    }

    async fn refuses_what_is_not_there(registry: Registry) {
        let request = FetchComponentRequest {
            component_digest: format!("sha256:{}", "0".repeat(64)),
        };
        assert_eq!(
            refusal(registry.internal().fetch_component(request).await),
            (Code::NotFound, "COMPONENT_NOT_FOUND".to_owned())
        );
    }

    async fn is_for_services_alone(registry: Registry) {
        let version = registry.upload("shop", &Bundle::new("a", "1.0.0")).await.unwrap();
        let request = FetchComponentRequest { component_digest: version.component_digest };
        assert_eq!(
            refusal(registry.client("shop").fetch_component(request).await),
            (Code::PermissionDenied, "SCOPE_MISSING".to_owned())
        );
    }
}
