//! RollbackPlugin: brings code, configuration and fault action of an earlier generation back.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{Installation, RollbackPluginRequest};
use postlude_store::RequestKey;

use super::configure_plugin::{check_etag, current};
use crate::{
    App, Error, convert,
    domain::installation,
    store::{changes, history},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RollbackPluginRequest,
) -> Result<Installation, Error> {
    let key = RequestKey::new("RollbackPlugin", &request.request_id, &request);
    let plugin_id = &request.plugin_id;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let read = changes::read(app, &caller.tenant).await?;
            let current = current(app, &caller, &read.all, plugin_id).await?;
            check_etag(&request.etag, &current)?;
            let scope = app.store.read(&caller.tenant).await?;
            let before = match request.generation {
                0 => history::newest(&scope, plugin_id).await?,
                generation => history::one(&scope, plugin_id, generation)
                    .await?
                    .into_iter()
                    .collect(),
            };
            drop(scope);
            let target = match request.generation {
                0 => installation::before(&current, &before)
                    .ok_or_else(|| Error::NothingBefore(plugin_id.clone()))?,
                generation => before.first().ok_or_else(|| Error::GenerationNotFound {
                    plugin_id: plugin_id.clone(),
                    generation,
                })?,
            };
            // Going back is what was asked for: an older version is no mistake here.
            let changed = installation::install(&read.all, target.wanted(), true, app.store.now())
                .map_err(|refused| Error::refused(plugin_id, refused))?;
            let reply = convert::installation::to_proto(changed.first().unwrap_or(&current));
            changes::save(app, &caller.tenant, &key, read, &changed, reply).await
        })
        .await
}
