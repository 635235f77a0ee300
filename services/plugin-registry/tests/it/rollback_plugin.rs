//! RollbackPlugin.

use postlude_proto::plugins::v1::{
    ConfigurePluginRequest, DisablePluginRequest, FaultAction, GetBindingsRequest,
    GetPluginRequest, RollbackPluginRequest, installation::State,
};
use postlude_testkit::on_both_databases;
use tonic::Code;

use crate::registry::{Client, Registry, refusal};

fn request() -> RollbackPluginRequest {
    RollbackPluginRequest {
        plugin_id: "a".to_owned(),
        ..RollbackPluginRequest::default()
    }
}

async fn configure(registry: &Registry, config: &str, action: FaultAction) {
    let request = ConfigurePluginRequest {
        plugin_id: "a".to_owned(),
        config: config.to_owned(),
        fault_action: action.into(),
        ..ConfigurePluginRequest::default()
    };
    registry
        .client("shop")
        .configure_plugin(request)
        .await
        .unwrap();
}

on_both_databases! {
    async fn brings_code_configuration_and_fault_action_back_together(registry: Registry) {
        let first = registry.install("shop", "a", "1.0.0").await;
        registry.install("shop", "a", "1.1.0").await;
        configure(&registry, r#"{"days": 14}"#, FaultAction::FailClosed).await;
        let mut by_number = request();
        by_number.generation = first.generation;
        let back = registry.client("shop").rollback_plugin(by_number).await.unwrap().into_inner();
        assert_eq!(
            (back.version.as_str(), &back.config, back.fault_action),
            ("1.0.0", &first.config, first.fault_action)
        );
        assert_eq!((back.state(), back.generation), (State::Active, 4));
        let asked = GetBindingsRequest { hook: "return-policy".to_owned(), known_generation: 3 };
        let bindings = registry.internal().get_bindings(asked).await.unwrap().into_inner();
        assert_eq!(bindings.bindings[0].plugin_version, "1.0.0");
        assert_eq!(bindings.bindings[0].config, first.config);
    }

    async fn what_answered_before_stands_in_where_a_failure_asks_for_it(registry: Registry) {
        registry.install("shop", "a", "1.0.0").await;
        configure(&registry, r#"{"days": 14}"#, FaultAction::Unspecified).await;
        // The same code and configuration again would fail again.
        configure(&registry, r#"{"days": 14}"#, FaultAction::PreviousGeneration).await;
        let asked = GetBindingsRequest { hook: "return-policy".to_owned(), known_generation: 0 };
        let bindings = registry.internal().get_bindings(asked).await.unwrap().into_inner().bindings;
        let previous = bindings[0].previous.as_deref().unwrap();
        assert_eq!((bindings[0].generation, previous.generation), (3, 1));
        assert_eq!(previous.fault_action(), FaultAction::ManualReview);
        assert!(previous.config.contains("30") && previous.previous.is_none(), "{previous:?}");
    }

    async fn goes_one_step_back_and_forth_where_no_generation_is_named(registry: Registry) {
        registry.install("shop", "a", "1.0.0").await;
        configure(&registry, r#"{"days": 14}"#, FaultAction::Unspecified).await;
        let mut client = registry.client("shop");
        let back = client.rollback_plugin(request()).await.unwrap().into_inner();
        assert!(back.config.contains("30"), "{}", back.config);
        let forth = client.rollback_plugin(request()).await.unwrap().into_inner();
        assert!(forth.config.contains("14"), "{}", forth.config);
        let asked = GetPluginRequest { plugin_id: "a".to_owned() };
        let history = client.get_plugin(asked).await.unwrap().into_inner().history;
        let generations: Vec<_> = history.iter().map(|one| one.generation).collect();
        assert_eq!(generations, [4, 3, 2, 1]);
    }

    async fn brings_what_was_disabled_back_into_service(registry: Registry) {
        let before = registry.install("shop", "a", "1.0.0").await;
        let off = DisablePluginRequest { plugin_id: "a".to_owned(), ..DisablePluginRequest::default() };
        registry.client("shop").disable_plugin(off).await.unwrap();
        let back = registry.client("shop").rollback_plugin(request()).await.unwrap().into_inner();
        assert_eq!((back.state(), &back.config), (State::Active, &before.config));
    }

    async fn a_retry_answers_what_the_first_call_answered(registry: Registry) {
        registry.install("shop", "a", "1.0.0").await;
        registry.install("shop", "a", "1.1.0").await;
        let mut asked = request();
        asked.request_id = "once".to_owned();
        let mut client = registry.client("shop");
        let first = client.rollback_plugin(asked.clone()).await.unwrap().into_inner();
        let again = client.rollback_plugin(asked).await.unwrap().into_inner();
        assert_eq!((first.version.as_str(), first == again), ("1.0.0", true));
    }

    async fn refuses_where_there_is_nothing_to_go_back_to(registry: Registry) {
        let mut client = registry.client("shop");
        let answer = client.rollback_plugin(request()).await;
        assert_eq!(refusal(answer), (Code::NotFound, "PLUGIN_NOT_FOUND".to_owned()));
        registry.install("shop", "a", "1.0.0").await;
        let answer = client.rollback_plugin(request()).await;
        assert_eq!(refusal(answer), (Code::FailedPrecondition, "PLUGIN_NOTHING_BEFORE".to_owned()));
        let mut unknown = request();
        unknown.generation = 7;
        let answer = client.rollback_plugin(unknown).await;
        assert_eq!(refusal(answer), (Code::NotFound, "PLUGIN_GENERATION_NOT_FOUND".to_owned()));
        let mut stale = request();
        stale.etag = "9".to_owned();
        let answer = client.rollback_plugin(stale).await;
        assert_eq!(refusal(answer), (Code::FailedPrecondition, "ETAG_MISMATCH".to_owned()));
    }

    async fn needs_the_scope_to_write(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.read"]);
        let answer = Client::new(channel).rollback_plugin(request()).await;
        assert_eq!(refusal(answer), (Code::PermissionDenied, "SCOPE_MISSING".to_owned()));
    }
}
