//! ListRuns, GetRun, ReplayRun: asked of the service that decided, here played by the test.

use postlude_proto::{
    plugins::v1::{GetRunRequest, ListRunsRequest, ReplayRunRequest},
    runs::v1::{
        self as runs, Replay, Run,
        run_service_server::{RunService, RunServiceServer},
    },
};
use postlude_testkit::on_both_databases;
use tonic::{Code, Request, Response, Status, service::Routes};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::registry::{Client, Registry, refusal};

/// A `returns` that keeps one run, `run_1`, and one that can't be replayed, `run_2`; it is out of order
/// where it is asked for `run_3` and `run_5`.
pub(crate) fn returns() -> Routes {
    Routes::new(RunServiceServer::new(Played("return-policy")))
}

/// A `loyalty` that keeps `run_4` and `run_5`.
pub(crate) fn loyalty() -> Routes {
    Routes::new(RunServiceServer::new(Played("loyalty-rules")))
}

/// The service that asks this hook.
struct Played(&'static str);

fn refused(code: Code, reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "returns.postlude", []);
    Status::with_error_details(code, "no", details)
}

fn run(hook: &str, run_id: &str) -> Run {
    Run {
        run_id: run_id.to_owned(),
        hook: hook.to_owned(),
        ..Run::default()
    }
}

#[tonic::async_trait]
impl RunService for Played {
    async fn list_runs(
        &self,
        request: Request<runs::ListRunsRequest>,
    ) -> Result<Response<runs::ListRunsResponse>, Status> {
        let request = request.into_inner();
        if !request.page_token.is_empty() {
            return Err(refused(Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
        }
        Ok(Response::new(runs::ListRunsResponse {
            runs: vec![run(self.0, &format!("run_of_{}", request.subject))],
            next_page_token: String::new(),
        }))
    }

    async fn get_run(
        &self,
        request: Request<runs::GetRunRequest>,
    ) -> Result<Response<Run>, Status> {
        match (self.0, request.into_inner().run_id.as_str()) {
            ("return-policy", id @ "run_1") | ("loyalty-rules", id @ ("run_4" | "run_5")) => {
                Ok(Response::new(run(self.0, id)))
            }
            ("return-policy", "run_5") => Err(refused(Code::Unavailable, "UPSTREAM_UNAVAILABLE")),
            _ => Err(refused(Code::NotFound, "RUN_NOT_FOUND")),
        }
    }

    async fn replay_run(
        &self,
        request: Request<runs::ReplayRunRequest>,
    ) -> Result<Response<Replay>, Status> {
        match (self.0, request.into_inner().run_id.as_str()) {
            ("return-policy", id @ "run_1") | ("loyalty-rules", id @ "run_4") => {
                Ok(Response::new(Replay {
                    run_id: id.to_owned(),
                    identical: true,
                    ..Replay::default()
                }))
            }
            ("return-policy", "run_2") => {
                Err(refused(Code::FailedPrecondition, "RUN_NOT_REPLAYABLE"))
            }
            ("return-policy", "run_3") => Err(refused(Code::Unavailable, "UPSTREAM_UNAVAILABLE")),
            _ => Err(refused(Code::NotFound, "RUN_NOT_FOUND")),
        }
    }
}

fn list(hook: &str, page_token: &str) -> ListRunsRequest {
    ListRunsRequest {
        hook: hook.to_owned(),
        page_token: page_token.to_owned(),
        subject: "order".to_owned(),
        ..ListRunsRequest::default()
    }
}

fn get(run_id: &str) -> GetRunRequest {
    GetRunRequest {
        run_id: run_id.to_owned(),
    }
}

fn replay(run_id: &str) -> ReplayRunRequest {
    ReplayRunRequest {
        run_id: run_id.to_owned(),
    }
}

on_both_databases! {
    async fn lists_what_the_owner_lists(registry: Registry) {
        let mut client = registry.client("shop");
        let page = client.list_runs(list("return-policy", "")).await.unwrap().into_inner();
        assert_eq!(page.runs[0].run_id, "run_of_order");
        assert_eq!(
            refusal(client.list_runs(list("weather", "")).await),
            (Code::InvalidArgument, "HOOK_UNKNOWN".to_owned())
        );
        assert_eq!(
            refusal(client.list_runs(list("return-policy", "x")).await),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned())
        );
    }

    async fn gives_a_run_and_its_replay(registry: Registry) {
        let mut client = registry.client("shop");
        let run = client.get_run(get("run_1")).await.unwrap().into_inner();
        assert_eq!(run.run_id, "run_1");
        assert_eq!(
            refusal(client.get_run(get("run_9")).await),
            (Code::NotFound, "RUN_NOT_FOUND".to_owned())
        );
        assert!(client.replay_run(replay("run_1")).await.unwrap().into_inner().identical);
        for (run_id, code, reason) in [
            ("run_2", Code::FailedPrecondition, "RUN_NOT_REPLAYABLE"),
            ("run_3", Code::Unavailable, "RUNS_UNAVAILABLE"),
            ("run_9", Code::NotFound, "RUN_NOT_FOUND"),
        ] {
            let answer = client.replay_run(replay(run_id)).await;
            assert_eq!(refusal(answer), (code, reason.to_owned()));
        }
    }

    async fn looks_for_a_run_at_every_service_that_keeps_some(registry: Registry) {
        let mut client = registry.client("shop");
        let page = client.list_runs(list("loyalty-rules", "")).await.unwrap().into_inner();
        assert_eq!(page.runs[0].hook, "loyalty-rules");
        let run = client.get_run(get("run_4")).await.unwrap().into_inner();
        assert_eq!(run.hook, "loyalty-rules");
        assert!(client.replay_run(replay("run_4")).await.unwrap().into_inner().identical);
        // That one is out of order hides nothing that another has.
        let run = client.get_run(get("run_5")).await.unwrap().into_inner();
        assert_eq!(run.hook, "loyalty-rules");
        assert_eq!(
            refusal(client.list_runs(list("notification-policy", "")).await),
            (Code::Unavailable, "RUNS_UNAVAILABLE".to_owned())
        );
    }

    async fn needs_the_scope_to_read(registry: Registry) {
        let channel = registry.0.channel("shop", &["plugins.write"]);
        let mut client = Client::new(channel);
        let denied = (Code::PermissionDenied, "SCOPE_MISSING".to_owned());
        assert_eq!(refusal(client.list_runs(list("return-policy", "")).await), denied);
        assert_eq!(refusal(client.get_run(get("run_1")).await), denied);
        assert_eq!(refusal(client.replay_run(replay("run_1")).await), denied);
    }
}
