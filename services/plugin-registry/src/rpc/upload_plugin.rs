//! UploadPlugin: takes a bundle in, checks all of it, runs its own examples, keeps it.

use postlude_chassis::{
    Caller,
    rpc::{Incoming, validate},
};
use postlude_plugin_host::FixtureError;
use postlude_proto::plugins::v1::{PluginVersion, UploadPluginRequest};
use postlude_store::RequestKey;

use crate::{
    App, Error,
    bundle::{self, Flaw, Limits, Refusal, fixtures},
    convert,
    store::{
        components, plugins,
        versions::{self, Stored},
    },
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    incoming: Incoming<UploadPluginRequest>,
) -> Result<PluginVersion, Error> {
    let upload = collect(app.config.max_bundle_bytes, incoming).await?;
    let key = RequestKey::new("UploadPlugin", &upload.request_id, &upload);
    if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
        return Ok(reply);
    }
    let bundle_digest = bundle::digest(&upload.chunk);
    let limits = Limits {
        component_bytes: app.config.max_component_bytes,
    };
    let host = app.host.clone();
    // Compiling a component takes its time of the processor: not on a thread that serves others.
    let (bundle, component) = tokio::task::spawn_blocking(move || {
        let bundle = bundle::open(&upload.chunk, limits)?;
        let component = fixtures::load(&host, &bundle)?;
        Ok::<_, Refusal>((bundle, component))
    })
    .await
    .map_err(|error| Error::Stored(error.to_string()))??;
    let tried = fixtures::run(&app.host, &caller.tenant, &component, &bundle).await;
    for (path, came) in tried {
        match came {
            Ok(()) => {}
            Err(FixtureError::Overloaded) => return Err(Error::Overloaded),
            Err(error) => {
                return Err(Refusal::new(Flaw::Fixture, path, error.to_string()).into());
            }
        }
    }
    let stored = Stored {
        public: convert::version::to_proto(&bundle, app.store.now()),
        bundle_digest,
        fault_action: bundle.manifest.fault_action()?,
    };
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let scope = app.store.read(&caller.tenant).await?;
            let public = &stored.public;
            let before = versions::one(&scope, &public.plugin_id, &public.version).await?;
            drop(scope);
            let mut tx = app.store.begin(&caller.tenant).await?;
            let reply = match before {
                Some(before) if before.bundle_digest == stored.bundle_digest => before.public,
                Some(_) => {
                    return Err(Error::VersionExists {
                        plugin_id: public.plugin_id.clone(),
                        version: public.version.clone(),
                    });
                }
                None => {
                    plugins::ensure(&mut tx, &public.plugin_id).await?;
                    versions::insert(&mut tx, bundle.version, &stored).await?;
                    public.clone()
                }
            };
            tx.remember(&key, &reply).await?;
            tx.enter(&app.platform).await?;
            components::ensure(&mut tx, &bundle.component_digest, &bundle.component).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}

/// The whole upload as one message.
async fn collect(
    most: usize,
    mut incoming: Incoming<UploadPluginRequest>,
) -> Result<UploadPluginRequest, Error> {
    let mut upload = UploadPluginRequest::default();
    let mut first = true;
    while let Some(element) = incoming.message().await? {
        validate(&element)?;
        if upload.chunk.len() + element.chunk.len() > most {
            return Err(Refusal::new(
                Flaw::Size,
                "bundle",
                format!("a bundle has {most} bytes at most"),
            )
            .into());
        }
        upload.chunk.extend_from_slice(&element.chunk);
        if std::mem::take(&mut first) {
            upload.request_id = element.request_id;
        }
    }
    Ok(upload)
}
