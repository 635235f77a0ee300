//! InstallPlugin: makes an uploaded version the one that answers its hooks.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{InstallPluginRequest, Installation};
use postlude_store::RequestKey;

use super::get_plugin;
use crate::{
    App, Error,
    bundle::{self, config::ConfigSchema},
    convert,
    domain::{
        Hook, Version,
        installation::{self, Wanted},
    },
    store::{
        changes,
        versions::{self, Stored},
    },
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: InstallPluginRequest,
) -> Result<Installation, Error> {
    let key = RequestKey::new("InstallPlugin", &request.request_id, &request);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let version = find(app, &caller, &request.plugin_id, &request.version).await?;
            let wanted = wanted(&version, &request)?;
            let read = changes::read(app, &caller.tenant).await?;
            let changed =
                installation::install(&read.all, wanted, request.allow_downgrade, app.store.now())
                    .map_err(|refused| Error::refused(&request.plugin_id, refused))?;
            let reply = changed
                .first()
                .or_else(|| {
                    read.all
                        .iter()
                        .find(|one| one.plugin_id == request.plugin_id)
                })
                .map(convert::installation::to_proto)
                .ok_or_else(|| Error::NotInstalled(request.plugin_id.clone()))?;
            changes::save(app, &caller.tenant, &key, read, &changed, reply).await
        })
        .await
}

/// A version of a plugin, or what is missing.
pub(super) async fn find(
    app: &App,
    caller: &Caller,
    plugin_id: &str,
    version: &str,
) -> Result<Stored, Error> {
    let scope = app.store.read(&caller.tenant).await?;
    if let Some(stored) = versions::one(&scope, plugin_id, version).await? {
        return Ok(stored);
    }
    drop(scope);
    get_plugin::load(app, caller, plugin_id).await?;
    Err(Error::VersionNotFound {
        plugin_id: plugin_id.to_owned(),
        version: version.to_owned(),
    })
}

/// The configuration over the version's defaults, and its digest.
pub(super) fn configured(version: &Stored, over: &str) -> Result<(String, String), Error> {
    let schema = ConfigSchema::parse(&version.public.config_schema).map_err(Error::Stored)?;
    let config = schema
        .merge(&version.public.default_config, over)
        .map_err(Error::Config)?;
    let digest = bundle::digest(config.as_bytes());
    Ok((config, digest))
}

fn wanted(stored: &Stored, request: &InstallPluginRequest) -> Result<Wanted, Error> {
    let public = &stored.public;
    let broken = |what: &str| Error::Stored(format!("version of {}: {what}", public.plugin_id));
    let (config, config_digest) = configured(stored, &request.config)?;
    Ok(Wanted {
        plugin_id: public.plugin_id.clone(),
        version: Version::parse(&public.version).ok_or_else(|| broken("version"))?,
        component_digest: public.component_digest.clone(),
        hooks: public
            .hooks
            .iter()
            .map(|hook| Hook::parse(hook).ok_or_else(|| broken("hooks")))
            .collect::<Result<_, _>>()?,
        config,
        config_digest,
        fault_action: convert::installation::wanted_fault_action(request.fault_action())
            .unwrap_or(stored.fault_action),
    })
}
