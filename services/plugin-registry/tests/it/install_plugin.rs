//! InstallPlugin.

use postlude_proto::plugins::v1::{
    FaultAction, GetBindingsRequest, InstallPluginRequest, PluginBindingsChanged,
    installation::State,
};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::{
    bundles::{Bundle, built},
    registry::{Registry, fields, refusal},
};

fn request(id: &str, version: &str, config: &str) -> InstallPluginRequest {
    InstallPluginRequest {
        plugin_id: id.to_owned(),
        version: version.to_owned(),
        config: config.to_owned(),
        ..InstallPluginRequest::default()
    }
}

on_both_databases! {
    async fn puts_the_configuration_over_the_defaults(registry: Registry) {
        registry.upload("shop", &Bundle::new("a", "1.0.0")).await.unwrap();
        let installed = registry
            .client("shop")
            .install_plugin(request("a", "1.0.0", r#"{"fees": {"hats": 1}}"#))
            .await
            .unwrap()
            .into_inner();
        let config: serde_json::Value = serde_json::from_str(&installed.config).unwrap();
        assert_eq!(config, serde_json::json!({"days": 30, "fees": {"shoes": 500, "hats": 1}}));
        assert_eq!(installed.state(), State::Active);
        assert_eq!((installed.generation, installed.etag.as_str()), (1, "1"));
    }

    /// What ships, each for its own hook, beside each other.
    async fn each_hook_has_a_plugin_of_its_own(registry: Registry) {
        let mut client = registry.client("shop");
        for (plugin, hook, on_fault) in [
            ("standard-returns", "return-policy", FaultAction::ManualReview),
            ("tiered-points", "loyalty-rules", FaultAction::ManualReview),
            ("quiet-mailer", "notification-policy", FaultAction::Default),
        ] {
            let uploaded = registry.upload("shop", &built(plugin)).await.unwrap();
            assert_eq!(uploaded.hooks, [hook]);
            let installed = client
                .install_plugin(request(plugin, &uploaded.version, "{}"))
                .await
                .unwrap()
                .into_inner();
            assert_eq!(installed.state(), State::Active);
            assert_eq!(installed.fault_action(), on_fault, "{plugin}");
        }
        for (hook, plugin) in [
            ("return-policy", "standard-returns"),
            ("loyalty-rules", "tiered-points"),
            ("notification-policy", "quiet-mailer"),
        ] {
            let asked = GetBindingsRequest { hook: hook.to_owned(), ..Default::default() };
            let bindings = registry.internal().get_bindings(asked).await.unwrap().into_inner();
            let bound: Vec<_> = bindings.bindings.iter().map(|one| one.plugin_id.as_str()).collect();
            assert_eq!(bound, [plugin], "{hook}");
        }
    }

    async fn a_plugin_may_answer_several_hooks(registry: Registry) {
        let uploaded = registry.upload("shop", &built("fixtures/answers-all")).await.unwrap();
        assert_eq!(uploaded.hooks.len(), 3);
        let installed = registry
            .client("shop")
            .install_plugin(request("answers-all", &uploaded.version, ""))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(installed.hooks, uploaded.hooks);
    }

    async fn tells_each_change_once(registry: Registry) {
        registry.install("shop", "a", "1.0.0").await;
        registry.install("shop", "a", "1.0.0").await;
        registry.install("shop", "b", "1.0.0").await;
        registry.0.drain().await;
        let told: Vec<_> = registry
            .0
            .events::<PluginBindingsChanged>()
            .into_iter()
            .map(|event| {
                let one = event.message.installation.unwrap();
                (one.plugin_id.clone(), one.state(), one.generation)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a".to_owned(), State::Active, 1),
                ("b".to_owned(), State::Active, 3),
                ("a".to_owned(), State::Superseded, 2),
            ]
        );
    }

    async fn refuses_a_configuration_by_pointer(registry: Registry) {
        registry.upload("shop", &Bundle::new("a", "1.0.0")).await.unwrap();
        let answer = registry
            .client("shop")
            .install_plugin(request("a", "1.0.0", r#"{"days": 0, "colour": 1, "fees": {"x": "y"}}"#))
            .await;
        let status = answer.unwrap_err();
        assert_eq!(fields(&status), ["config", "config/days", "config/fees/x"]);
        assert_eq!(refusal::<()>(Err(status)), (Code::InvalidArgument, "CONFIG_INVALID".to_owned()));
    }

    async fn refuses_a_downgrade_unless_asked(registry: Registry) {
        registry.install("shop", "a", "1.10.0").await;
        registry.upload("shop", &Bundle::new("a", "1.9.0")).await.unwrap();
        let mut older = request("a", "1.9.0", "");
        assert_eq!(
            refusal(registry.client("shop").install_plugin(older.clone()).await),
            (Code::FailedPrecondition, "PLUGIN_DOWNGRADE".to_owned())
        );
        older.allow_downgrade = true;
        let installed = registry.client("shop").install_plugin(older).await.unwrap().into_inner();
        assert_eq!((installed.version.as_str(), installed.generation), ("1.9.0", 2));
    }

    async fn says_what_is_missing(registry: Registry) {
        let mut client = registry.client("shop");
        assert_eq!(
            refusal(client.install_plugin(request("a", "1.0.0", "")).await),
            (Code::NotFound, "PLUGIN_NOT_FOUND".to_owned())
        );
        registry.upload("shop", &Bundle::new("a", "1.0.0")).await.unwrap();
        assert_eq!(
            refusal(client.install_plugin(request("a", "2.0.0", "")).await),
            (Code::NotFound, "PLUGIN_VERSION_NOT_FOUND".to_owned())
        );
        // What one tenant uploaded isn't there for another.
        assert_eq!(
            refusal(registry.client("other").install_plugin(request("a", "1.0.0", "")).await),
            (Code::NotFound, "PLUGIN_NOT_FOUND".to_owned())
        );
    }

    async fn of_many_at_once_one_answers_the_hook(registry: Registry) {
        for id in ["a", "b", "c", "d"] {
            registry.upload("shop", &Bundle::new(id, "1.0.0")).await.unwrap();
        }
        let installs = ["a", "b", "c", "d"].map(|id| {
            let mut client = registry.client("shop");
            tokio::spawn(async move { client.install_plugin(request(id, "1.0.0", "")).await })
        });
        let mut done = 0;
        for install in installs {
            match install.await.unwrap() {
                Ok(_) => done += 1,
                Err(status) => assert_eq!(status.code(), Code::Aborted, "{status:?}"),
            }
        }
        assert!(done > 0);
        let bindings = registry
            .internal()
            .get_bindings(postlude_proto::plugins::v1::GetBindingsRequest {
                hook: "return-policy".to_owned(),
                known_generation: 0,
            })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(bindings.bindings.len(), 1);
        assert_eq!(bindings.generation, done);
    }

    async fn a_request_id_answers_what_it_answered(registry: Registry) {
        registry.upload("shop", &Bundle::new("a", "1.0.0")).await.unwrap();
        let mut first = request("a", "1.0.0", "");
        first.request_id = "r-1".to_owned();
        let mut client = registry.client("shop");
        let answer = client.install_plugin(first.clone()).await.unwrap().into_inner();
        registry.install("shop", "b", "1.0.0").await;
        assert_eq!(client.install_plugin(first.clone()).await.unwrap().into_inner(), answer);
        first.config = r#"{"days": 1}"#.to_owned();
        assert_eq!(
            refusal(client.install_plugin(first).await),
            (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned())
        );
    }

    async fn needs_the_scope_to_write(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.read"]);
        let answer = crate::registry::Client::new(channel)
            .install_plugin(request("a", "1.0.0", ""))
            .await;
        assert_eq!(refusal(answer), (Code::PermissionDenied, "SCOPE_MISSING".to_owned()));
    }
}
