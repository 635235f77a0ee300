//! GetPlugin: a plugin with its versions and its installation.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{GetPluginRequest, Plugin};

use crate::{
    App, Error, convert,
    store::{installations, versions},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetPluginRequest,
) -> Result<Plugin, Error> {
    load(app, &caller, &request.plugin_id).await
}

/// The plugin, or that there is none.
pub(super) async fn load(app: &App, caller: &Caller, plugin_id: &str) -> Result<Plugin, Error> {
    let scope = app.store.read(&caller.tenant).await?;
    let versions = versions::of(&scope, &[plugin_id.to_owned()]).await?;
    if versions.is_empty() {
        return Err(Error::PluginNotFound(plugin_id.to_owned()));
    }
    let installations = installations::all(&scope).await?;
    Ok(convert::version::plugin(
        plugin_id.to_owned(),
        &versions,
        &installations,
    ))
}
