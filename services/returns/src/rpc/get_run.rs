//! One run of the policy, whole.

use postlude_chassis::Caller;
use postlude_proto::runs::v1::{GetRunRequest, Run};

use crate::{app::App, error::Error, store::runs};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetRunRequest,
) -> Result<Run, Error> {
    let scope = app.store.read(&caller.tenant).await?;
    runs::find(&scope, &request.run_id)
        .await?
        .map(|stored| stored.run)
        .ok_or(Error::RunNotFound(request.run_id))
}
