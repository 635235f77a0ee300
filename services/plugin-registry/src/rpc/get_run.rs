//! GetRun: asked of each service that keeps runs, until one has it.

use postlude_chassis::Caller;
use postlude_proto::{plugins::v1::GetRunRequest, runs::v1 as runs};

use super::owners::{Search, client};
use crate::{App, Error};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetRunRequest,
) -> Result<runs::Run, Error> {
    let mut search = Search::new(&request.run_id);
    for hook in Search::places(app) {
        let asked = runs::GetRunRequest {
            run_id: request.run_id.clone(),
        };
        let answer = client(app, hook, &caller).get_run(asked).await;
        if let Some(found) = search.look(hook, answer)? {
            return Ok(found);
        }
    }
    Err(search.in_vain())
}
