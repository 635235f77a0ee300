//! ListRuns: asked of the service that asks the hook.

use postlude_chassis::Caller;
use postlude_proto::{plugins::v1::ListRunsRequest, runs::v1 as runs};

use super::owners;
use crate::{App, Error, domain::Hook};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ListRunsRequest,
) -> Result<runs::ListRunsResponse, Error> {
    let hook =
        Hook::parse(&request.hook).ok_or_else(|| Error::HookUnknown(request.hook.clone()))?;
    let asked = runs::ListRunsRequest {
        hook: request.hook,
        page_size: request.page_size,
        page_token: request.page_token,
        subject: request.subject,
    };
    owners::client(app, hook, &caller)
        .list_runs(asked)
        .await
        .map(tonic::Response::into_inner)
        .map_err(|status| owners::refusal(hook, "", &status))
}
