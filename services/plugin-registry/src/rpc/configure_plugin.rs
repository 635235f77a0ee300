//! ConfigurePlugin: another configuration for what is in service.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{ConfigurePluginRequest, Installation};
use postlude_store::RequestKey;

use super::{get_plugin, install_plugin};
use crate::{
    App, Error, convert,
    domain::{self, installation},
    store::changes,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ConfigurePluginRequest,
) -> Result<Installation, Error> {
    let key = RequestKey::new("ConfigurePlugin", &request.request_id, &request);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let read = changes::read(app, &caller.tenant).await?;
            let current = current(app, &caller, &read.all, &request.plugin_id).await?;
            check_etag(&request.etag, &current)?;
            let version = current.version.to_string();
            let version = install_plugin::find(app, &caller, &request.plugin_id, &version).await?;
            let (config, digest) = install_plugin::configured(&version, &request.config)?;
            let changed = installation::configure(
                &read.all,
                &request.plugin_id,
                config,
                digest,
                convert::installation::wanted_fault_action(request.fault_action()),
                app.store.now(),
            )
            .map_err(|refused| Error::refused(&request.plugin_id, refused))?;
            let reply = convert::installation::to_proto(changed.as_ref().unwrap_or(&current));
            changes::save(app, &caller.tenant, &key, read, changed.as_slice(), reply).await
        })
        .await
}

/// The plugin's installation, or what is missing.
pub(super) async fn current(
    app: &App,
    caller: &Caller,
    all: &[domain::Installation],
    plugin_id: &str,
) -> Result<domain::Installation, Error> {
    if let Some(current) = all.iter().find(|one| one.plugin_id == plugin_id) {
        return Ok(current.clone());
    }
    get_plugin::load(app, caller, plugin_id).await?;
    Err(Error::NotInstalled(plugin_id.to_owned()))
}

/// Refuses a change of something else than what the caller saw.
pub(super) fn check_etag(etag: &str, current: &domain::Installation) -> Result<(), Error> {
    if etag.is_empty() || etag == current.revision.to_string() {
        Ok(())
    } else {
        Err(Error::EtagMismatch)
    }
}
