//! A recorded decision is taken again, on the recorded component, configuration and input.

use postlude_chassis::{Caller, bindings};
use postlude_proto::runs::v1::{Replay, ReplayRunRequest};

use crate::{
    app::{App, SERVICE},
    convert::upstream,
    error::Error,
    store::runs,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ReplayRunRequest,
) -> Result<Replay, Error> {
    let scope = app.store.read(&caller.tenant).await?;
    let stored = runs::find(&scope, &request.run_id)
        .await?
        .ok_or(Error::RunNotFound(request.run_id))?;
    drop(scope);
    if stored.erased {
        return Err(Error::RunErased(stored.run.run_id));
    }
    let (run, digest) = (&stored.run, stored.run.component_digest.as_str());
    let component = bindings::component(&app.clients, SERVICE, caller.tenant.clone(), digest)
        .await
        .map_err(|status| upstream::component(&run.run_id, digest, &status))?;
    app.hooks.replay(&caller.tenant, run, component).await
}
