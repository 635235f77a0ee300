//! GetPlugin: a plugin with its versions, its installation and what was in service before.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{GetPluginRequest, Plugin};

use crate::{
    App, Error, convert,
    store::{history, installations, versions},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetPluginRequest,
) -> Result<Plugin, Error> {
    let mut plugin = load(app, &caller, &request.plugin_id).await?;
    let scope = app.store.read(&caller.tenant).await?;
    plugin.history = history::newest(&scope, &request.plugin_id)
        .await?
        .iter()
        .map(convert::installation::to_proto)
        .collect();
    Ok(plugin)
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
