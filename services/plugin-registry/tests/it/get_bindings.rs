//! GetBindings.

use postlude_proto::plugins::v1::GetBindingsRequest;
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::registry::{Registry, refusal};

fn request(hook: &str, known_generation: i64) -> GetBindingsRequest {
    GetBindingsRequest {
        hook: hook.to_owned(),
        known_generation,
    }
}

on_both_databases! {
    async fn spans_tenants_and_is_empty_when_nothing_is_new(registry: Registry) {
        let mut services = registry.internal();
        let none = services.get_bindings(request("return-policy", -1)).await.unwrap().into_inner();
        assert!(none.changed && none.bindings.is_empty());
        registry.install("shop-a", "a", "1.0.0").await;
        registry.install("shop-b", "b", "1.0.0").await;
        registry.install("shop-b", "c", "1.0.0").await;
        let all = services.get_bindings(request("return-policy", 0)).await.unwrap().into_inner();
        let bound: Vec<_> = all
            .bindings
            .iter()
            .map(|one| (one.tenant_id.as_str(), one.plugin_id.as_str(), one.generation))
            .collect();
        assert_eq!(bound, [("shop-a", "a", 1), ("shop-b", "c", 3)]);
        assert_eq!(all.generation, 3);
        let known = services.get_bindings(request("return-policy", 3)).await.unwrap().into_inner();
        assert!(!known.changed && known.bindings.is_empty());
    }

    async fn refuses_an_unknown_hook(registry: Registry) {
        assert_eq!(
            refusal(registry.internal().get_bindings(request("weather", 0)).await),
            (Code::InvalidArgument, "HOOK_UNKNOWN".to_owned())
        );
    }

    async fn is_for_services_alone(registry: Registry) {
        assert_eq!(
            refusal(registry.client("shop").get_bindings(request("return-policy", 0)).await),
            (Code::PermissionDenied, "SCOPE_MISSING".to_owned())
        );
    }
}
