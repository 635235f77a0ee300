//! DisablePlugin: takes a plugin out of service.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{DisablePluginRequest, Installation};
use postlude_store::RequestKey;

use super::configure_plugin::{check_etag, current};
use crate::{App, Error, convert, domain::installation, store::changes};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: DisablePluginRequest,
) -> Result<Installation, Error> {
    let key = RequestKey::new("DisablePlugin", &request.request_id, &request);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let read = changes::read(app, &caller.tenant).await?;
            let current = current(app, &caller, &read.all, &request.plugin_id).await?;
            check_etag(&request.etag, &current)?;
            let changed = installation::disable(&read.all, &request.plugin_id, app.store.now())
                .map_err(|refused| Error::refused(&request.plugin_id, refused))?;
            let reply = convert::installation::to_proto(changed.as_ref().unwrap_or(&current));
            changes::save(app, &caller.tenant, &key, read, changed.as_slice(), reply).await
        })
        .await
}
