//! ReplayRun: asked of each service that keeps runs, until one has it.

use postlude_chassis::Caller;
use postlude_proto::{plugins::v1::ReplayRunRequest, runs::v1 as runs};

use super::owners;
use crate::{App, Error, domain::Hook};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ReplayRunRequest,
) -> Result<runs::Replay, Error> {
    for hook in Hook::ALL {
        let asked = runs::ReplayRunRequest {
            run_id: request.run_id.clone(),
        };
        match owners::client(app, hook, &caller).replay_run(asked).await {
            Ok(replay) => return Ok(replay.into_inner()),
            Err(status) => {
                let refusal = owners::refusal(hook, &request.run_id, &status);
                if !matches!(refusal, Error::RunNotFound(_)) {
                    return Err(refusal);
                }
            }
        }
    }
    Err(Error::RunNotFound(request.run_id))
}
