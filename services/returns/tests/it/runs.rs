//! The policy as a plugin, its recorded runs, and RunService, as the registry calls it.

use postlude_chassis::ServiceChannel;
use postlude_proto::{
    orders::v1::CustomerErasureRequested,
    plugins::v1::FaultAction,
    returns::v1::{Return, r#return::State},
    runs::v1::{run_service_client::RunServiceClient, *},
};
use postlude_testkit::on_both_databases;

use crate::world::{Alone, TENANT, World, codes, refusal, said};

const STANDARD: &str = "standard-returns";
const CONFIG: &str = include_str!("../../../../plugins/standard-returns/config.default.json");
const MISBEHAVES: &str = "fixtures/misbehaves";

fn behaviour(name: &str) -> String {
    format!("{{\"behaviour\": \"{name}\"}}")
}

fn runs(world: &World) -> RunServiceClient<ServiceChannel> {
    RunServiceClient::new(world.kit.internal_channel(TENANT))
}

async fn list(world: &World) -> Vec<Run> {
    let request = ListRunsRequest {
        hook: "return-policy".to_owned(),
        ..Default::default()
    };
    runs(world)
        .list_runs(request)
        .await
        .unwrap()
        .into_inner()
        .runs
}

async fn get(world: &World, run_id: &str) -> Run {
    let request = GetRunRequest {
        run_id: run_id.to_owned(),
    };
    runs(world).get_run(request).await.unwrap().into_inner()
}

async fn replay(world: &World, run_id: &str) -> Result<Replay, tonic::Status> {
    let request = ReplayRunRequest {
        run_id: run_id.to_owned(),
    };
    let mut runs = runs(world);
    runs.replay_run(request)
        .await
        .map(tonic::Response::into_inner)
}

fn run_of(state: &Return) -> String {
    state.decision.as_ref().unwrap().run_id.clone()
}

on_both_databases! {
    async fn a_decision_is_kept_with_its_run_and_a_replay_gives_the_same_bytes(world: World) {
        world.install(STANDARD, CONFIG, FaultAction::ManualReview).await;
        world.delivered("A-1", 2).await;
        let opened = world.open("A-1", 1).await;
        let decision = opened.decision.clone().unwrap();
        assert_eq!(decision.plugin_id, STANDARD);
        assert!(decision.component_digest.starts_with("sha256:"));
        assert_eq!(decision.policy_version, "1");
        assert!(opened.reasons.iter().all(|reason| reason.source == "plugin"));
        // 4.90 for the way back.
        assert_eq!(crate::world::total(opened.lines[0].refund.as_ref()), 1_190 - 490);
        let functions: Vec<String> = list(&world).await.into_iter().map(|run| run.function).collect();
        assert_eq!(functions.len(), 2);
        assert!(functions.contains(&"terms".to_owned()) && functions.contains(&"decide".to_owned()));
        let run = get(&world, &decision.run_id).await;
        assert_eq!((run.subject.as_str(), run.action.as_str()), ("A-1", "used"));
        assert_eq!(run.result(), run::Result::Decided);
        assert!(run.input_json.contains("\"A-1\"") && run.output_json.contains("reasons"));
        for run in list(&world).await {
            let replayed = replay(&world, &run.run_id).await.unwrap();
            assert!(replayed.identical, "{}", run.function);
            assert_eq!(replayed.recorded_fuel, replayed.replayed_fuel);
        }
    }

    async fn a_plugin_that_breaks_leaves_it_to_a_person_and_names_the_fault(world: World) {
        for (number, (behaves, code)) in [
            ("trap", "TRAP"),
            ("endless-loop", "FUEL_EXHAUSTED"),
            ("fee-above-paid", "DECISION_INVALID"),
        ]
        .into_iter()
        .enumerate()
        {
            world.install(MISBEHAVES, &behaviour(behaves), FaultAction::ManualReview).await;
            let order_id = format!("A-{number}");
            world.delivered(&order_id, 1).await;
            let opened = world.open(&order_id, 1).await;
            assert_eq!(opened.state(), State::NeedsReview, "{behaves}");
            assert_eq!(codes(&opened.reasons), [code]);
            let run = get(&world, &run_of(&opened)).await;
            assert_eq!((run.fault_code.as_str(), run.action.as_str()), (code, "manual-review"));
            assert!(replay(&world, &run.run_id).await.unwrap().identical, "{behaves}");
        }
        // The next one is untouched.
        world.install(STANDARD, CONFIG, FaultAction::ManualReview).await;
        world.delivered("A-9", 1).await;
        assert_eq!(world.open("A-9", 1).await.state(), State::Approved);
    }

    async fn what_answered_before_makes_a_failure_good_and_both_runs_are_kept(world: World) {
        world.install(MISBEHAVES, &behaviour("polite"), FaultAction::ManualReview).await;
        world.delivered("A-1", 1).await;
        world.install(MISBEHAVES, &behaviour("trap"), FaultAction::PreviousGeneration).await;
        let opened = world.open("A-1", 1).await;
        assert_eq!(opened.state(), State::Approved);
        assert_eq!(codes(&opened.reasons), ["FRIENDLY", "PREVIOUS_GENERATION"]);
        assert_eq!(opened.decision.unwrap().policy_version, "1");
        let actions: Vec<(i64, String)> = list(&world)
            .await
            .into_iter()
            .filter(|run| run.function == "decide")
            .map(|run| (run.generation, run.action))
            .collect();
        assert_eq!(actions.len(), 2);
        assert!(actions.contains(&(1, "used".to_owned())), "{actions:?}");
        assert!(actions.contains(&(2, "previous-generation".to_owned())), "{actions:?}");
        for run in list(&world).await {
            assert!(replay(&world, &run.run_id).await.unwrap().identical, "{}", run.run_id);
        }
    }

    async fn the_binding_says_what_is_done_instead(world: World) {
        world.install(MISBEHAVES, &behaviour("trap"), FaultAction::Default).await;
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        assert_eq!(opened.state(), State::Approved);
        assert_eq!(codes(&opened.reasons).last(), Some(&"TRAP"), "why it wasn't the plugin");
        assert_eq!(opened.decision.unwrap().plugin_id, "built-in");
        world.install(MISBEHAVES, &behaviour("trap"), FaultAction::FailClosed).await;
        world.delivered("A-2", 1).await;
        let refused = world.create(World::request("A-2", 1)).await;
        assert_eq!(said(refused), refusal("RETURN_NOT_ALLOWED"));
        world.install(MISBEHAVES, &behaviour("plugin-error"), FaultAction::ManualReview).await;
        world.delivered("A-3", 1).await;
        let opened = world.open("A-3", 1).await;
        assert_eq!(opened.state(), State::NeedsReview);
        assert_eq!(opened.reasons[0].source, "plugin");
    }

    async fn the_terms_of_the_day_of_the_order_stay(world: World) {
        world.install(STANDARD, CONFIG, FaultAction::ManualReview).await;
        // Sixty days for shoes.
        world.delivered("A-1", 1).await;
        world.registry.disable();
        world.bound().await;
        world.kit.advance_days(45);
        let opened = world.open("A-1", 1).await;
        assert_eq!(opened.decision.unwrap().plugin_id, "built-in");
        world.delivered("A-2", 1).await;
        world.kit.advance_days(45);
        let refused = world.create(World::request("A-2", 1)).await;
        assert_eq!(said(refused), refusal("RETURN_NOT_ALLOWED"));
    }

    async fn an_erasure_takes_the_content_of_the_runs(world: World) {
        world.install(STANDARD, CONFIG, FaultAction::ManualReview).await;
        world.delivered("A-1", 1).await;
        let opened = world.open("A-1", 1).await;
        let erasure = CustomerErasureRequested {
            erasure_id: "ers-1".to_owned(),
            customer_id: "customer-1".to_owned(),
            pseudonym: "erased-1".to_owned(),
        };
        world.kit.publish(TENANT, "customer-1", 1, &erasure).await;
        world.kit.drain().await;
        let run = get(&world, &run_of(&opened)).await;
        assert!(run.input.is_empty() && run.output.is_empty() && run.input_json.is_empty());
        assert_eq!(said(replay(&world, &run.run_id).await), refusal("RUN_ERASED"));
    }

    async fn a_replica_that_knows_no_plugins_leaves_it_to_a_person(alone: Alone) {
        let world = alone.0;
        world.shop.insert(crate::world::ordered("A-1", vec![crate::world::line("1", 1)]));
        world.shop.ship("A-1");
        world.shop.deliver("A-1", world.kit.now());
        let opened = world.open("A-1", 1).await;
        assert_eq!(opened.state(), State::NeedsReview);
        assert_eq!(codes(&opened.reasons), ["POLICY_UNKNOWN"]);
        assert_eq!(opened.decision.unwrap().plugin_id, "");
    }

    async fn the_built_in_policy_leaves_no_run(world: World) {
        world.delivered("A-1", 1).await;
        world.open("A-1", 1).await;
        assert!(list(&world).await.is_empty());
        let unknown = (tonic::Code::NotFound, "RUN_NOT_FOUND".to_owned());
        let request = GetRunRequest { run_id: "run_unknown".to_owned() };
        assert_eq!(said(runs(&world).get_run(request).await), unknown);
        assert_eq!(said(replay(&world, "run_unknown").await), unknown);
    }

    async fn is_for_services_alone(world: World) {
        let mut runs = RunServiceClient::new(world.kit.full_channel(TENANT));
        let request = ListRunsRequest { hook: "return-policy".to_owned(), ..Default::default() };
        assert_eq!(runs.list_runs(request).await.unwrap_err().code(), tonic::Code::PermissionDenied);
    }
}
