//! RunService, as the registry calls it.

use postlude_proto::runs::v1::{run_service_client::RunServiceClient, *};
use postlude_testkit::on_both_databases;

use crate::world::{TENANT, World, said};

on_both_databases! {
    async fn the_built_in_policy_leaves_no_run(world: World) {
        world.delivered("A-1", 1).await;
        world.open("A-1", 1).await;
        let mut runs = RunServiceClient::new(world.kit.internal_channel(TENANT));
        let request = ListRunsRequest { hook: "return-policy".to_owned(), ..Default::default() };
        assert!(runs.list_runs(request).await.unwrap().into_inner().runs.is_empty());
        let request = GetRunRequest { run_id: "run_unknown".to_owned() };
        let unknown = (tonic::Code::NotFound, "RUN_NOT_FOUND".to_owned());
        assert_eq!(said(runs.get_run(request).await), unknown);
        let request = ReplayRunRequest { run_id: "run_unknown".to_owned() };
        assert_eq!(said(runs.replay_run(request).await), unknown);
    }

    async fn is_for_services_alone(world: World) {
        let mut runs = RunServiceClient::new(world.kit.full_channel(TENANT));
        let request = ListRunsRequest { hook: "return-policy".to_owned(), ..Default::default() };
        assert_eq!(runs.list_runs(request).await.unwrap_err().code(), tonic::Code::PermissionDenied);
    }
}
