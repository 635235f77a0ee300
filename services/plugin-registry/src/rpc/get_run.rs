//! GetRun: asked of each service that keeps runs, until one has it.

use postlude_chassis::Caller;
use postlude_proto::{plugins::v1::GetRunRequest, runs::v1 as runs};

use super::owners;
use crate::{App, Error, domain::Hook};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetRunRequest,
) -> Result<runs::Run, Error> {
    for hook in Hook::ALL {
        let asked = runs::GetRunRequest {
            run_id: request.run_id.clone(),
        };
        match owners::client(app, hook, &caller).get_run(asked).await {
            Ok(run) => return Ok(run.into_inner()),
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
