//! UploadPlugin.

use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::{
    bundles::{Bundle, component},
    registry::{Registry, fields, refusal},
};

on_both_databases! {
    async fn keeps_a_good_bundle_and_says_what_it_is(registry: Registry) {
        let version = registry.upload("shop", &Bundle::new("windows", "1.2.3")).await.unwrap();
        assert_eq!(version.plugin_id, "windows");
        assert_eq!(version.hooks, ["return-policy"]);
        assert!(version.component_digest.starts_with("sha256:"));
        assert_eq!(usize::try_from(version.component_size).unwrap(), component().len());
    }

    async fn the_same_bundle_again_is_no_change_and_another_is_refused(registry: Registry) {
        let bundle = Bundle::new("windows", "1.2.3");
        let first = registry.upload("shop", &bundle).await.unwrap();
        assert_eq!(registry.upload("shop", &bundle).await.unwrap(), first);
        let other = bundle.manifest("For a test.", "For another test.");
        assert_eq!(
            refusal(registry.upload("shop", &other).await),
            (Code::AlreadyExists, "PLUGIN_VERSION_EXISTS".to_owned())
        );
        // Another tenant's versions are its own.
        registry.upload("other", &other).await.unwrap();
    }

    async fn a_request_id_answers_twice_and_not_for_another_bundle(registry: Registry) {
        let bytes = Bundle::new("windows", "1.2.3").bytes();
        let first = registry.upload_as("shop", &bytes, "r-1").await.unwrap();
        assert_eq!(registry.upload_as("shop", &bytes, "r-1").await.unwrap(), first);
        let other = Bundle::new("windows", "1.2.4").bytes();
        assert_eq!(
            refusal(registry.upload_as("shop", &other, "r-1").await),
            (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned())
        );
    }

    async fn each_broken_bundle_is_refused_by_what_and_where(registry: Registry) {
        let good = || Bundle::new("windows", "1.2.3");
        for (bundle, reason, place) in [
            (good().without("plugin.toml"), "MANIFEST_INVALID", "plugin.toml"),
            (good().manifest("id = ", "colour = 1\nid = "), "MANIFEST_INVALID", "plugin.toml"),
            (good().manifest("1.2.3", "1.2"), "MANIFEST_INVALID", "plugin.toml: version"),
            (good().manifest("return-policy", "weather"), "MANIFEST_INVALID", "plugin.toml: hooks"),
            (good().without("component.wasm"), "COMPONENT_INVALID", "component.wasm"),
            (good().with("component.wasm", b"\0asm\x01\0\0\0"), "COMPONENT_INVALID", "component.wasm"),
            (good().with("component.wasm", b"\x7fELF...."), "COMPONENT_INVALID", "component.wasm"),
            (good().with("component.wasm", b"\0asm\x0d\0\x01\0"), "COMPONENT_WORLD_MISMATCH", "component.wasm"),
            (good().with("component.wasm", &[0; 1_100_000]), "COMPONENT_INVALID", "component.wasm"),
            (good().without("config.schema.json"), "CONFIG_INVALID", "config.schema.json"),
            (good().with("config.schema.json", b"{\"type\": 7}"), "CONFIG_INVALID", "config.schema.json"),
            (good().with("config.default.json", b"{\"days\": 0}"), "CONFIG_INVALID", "config.default.json/days"),
        ] {
            let status = registry.upload("shop", &bundle).await.unwrap_err();
            assert_eq!(fields(&status), [place], "{status:?}");
            assert_eq!(refusal::<()>(Err(status)), (Code::InvalidArgument, reason.to_owned()));
        }
        let nonsense = registry.upload_as("shop", &[1; 4_096], "").await;
        assert_eq!(refusal(nonsense), (Code::InvalidArgument, "BUNDLE_INVALID".to_owned()));
    }

    async fn a_component_may_import_only_what_the_manifest_lists(registry: Registry) {
        let bundle = Bundle::new("windows", "1.2.3")
            .manifest("[[capabilities]]\nname = \"log\"\nreason = \"Says which rule it took.\"", "")
            .manifest("[[capabilities]]\nname = \"config\"\nreason = \"Reads its windows.\"", "");
        assert_eq!(
            refusal(registry.upload("shop", &bundle).await),
            (Code::InvalidArgument, "COMPONENT_WORLD_MISMATCH".to_owned())
        );
    }

    async fn a_bundle_is_kept_only_if_its_own_examples_pass(registry: Registry) {
        let shipped = crate::bundles::shipped();
        registry.upload("shop", &shipped).await.unwrap();
        let example = String::from_utf8(shipped.file("fixtures/defect.json").to_vec()).unwrap();
        let wrong = example.replace("\"OUTCOME_APPROVE\"", "\"OUTCOME_DECLINE\"");
        assert_ne!(wrong, example);
        let status = registry
            .upload("other", &shipped.clone().with("fixtures/defect.json", wrong.as_bytes()))
            .await
            .unwrap_err();
        assert_eq!(fields(&status), ["fixtures/defect.json"], "{status:?}");
        assert!(
            status.message().contains("`/decision/lines/0/outcome` is \"OUTCOME_APPROVE\""),
            "{status:?}"
        );
        assert_eq!(refusal::<()>(Err(status)), (Code::InvalidArgument, "FIXTURE_FAILED".to_owned()));
        let nonsense = shipped.clone().with("fixtures/defect.json", b"{\"function\": \"decide\"}");
        assert_eq!(
            refusal(registry.upload("other", &nonsense).await),
            (Code::InvalidArgument, "FIXTURE_FAILED".to_owned())
        );
    }

    async fn a_folder_of_examples_that_is_not_there_is_named(registry: Registry) {
        let bundle = Bundle::new("windows", "1.2.3")
            .manifest("publisher =", "tests = [\"examples\"]\npublisher =");
        let status = registry.upload("shop", &bundle).await.unwrap_err();
        assert_eq!(fields(&status), ["plugin.toml: tests"], "{status:?}");
    }

    async fn a_bundle_that_is_too_large_stops_early(registry: Registry) {
        let bundle = Bundle::new("windows", "1.2.3").with("fixtures/large", &vec![0; 4_300_000]);
        assert_eq!(
            refusal(registry.upload("shop", &bundle).await),
            (Code::InvalidArgument, "BUNDLE_TOO_LARGE".to_owned())
        );
    }

    async fn needs_the_scope_to_write(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.read"]);
        let mut client = crate::registry::Client::new(channel);
        let answer = client.upload_plugin(tokio_stream::iter(Vec::new())).await;
        assert_eq!(refusal(answer), (Code::PermissionDenied, "SCOPE_MISSING".to_owned()));
    }
}
