//! A recorded decision is taken again, on the recorded component, configuration and input.

use postlude_chassis::{Caller, bindings::REGISTRY};
use postlude_proto::{
    plugins::v1::{FetchComponentRequest, plugin_service_client::PluginServiceClient},
    runs::v1::{Replay, ReplayRunRequest, Run},
};

use crate::{app::App, convert::upstream, error::Error, store::runs};

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
    let component = component(app, &caller, &stored.run).await?;
    app.hooks
        .replay(&caller.tenant, &stored.run, component)
        .await
}

/// The component that ran: the registry keeps what a run names.
async fn component(app: &App, caller: &Caller, run: &Run) -> Result<Vec<u8>, Error> {
    let digest = run.component_digest.as_str();
    let failed = |status| upstream::component(&run.run_id, digest, &status);
    let service = App::caller(&caller.tenant);
    let mut chunks = PluginServiceClient::new(app.clients.to(REGISTRY, &service))
        .fetch_component(FetchComponentRequest {
            component_digest: digest.to_owned(),
        })
        .await
        .map_err(failed)?
        .into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = chunks.message().await.map_err(failed)? {
        bytes.extend_from_slice(&part.chunk);
    }
    Ok(bytes)
}
