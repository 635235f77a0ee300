//! Plugins and their versions.

use postlude_kernel::Timestamp;
use postlude_proto::plugins::v1 as proto;

use super::installation;
use crate::{bundle::Bundle, domain::Installation, store::versions::Stored};

/// What the world sees of a bundle that was taken in.
pub(crate) fn to_proto(bundle: &Bundle, now: Timestamp) -> proto::PluginVersion {
    let (seconds, nanos) = now.to_seconds_nanos();
    let manifest = &bundle.manifest;
    proto::PluginVersion {
        plugin_id: manifest.id.clone(),
        version: bundle.version.to_string(),
        publisher: manifest.publisher.clone(),
        description: manifest.description.clone(),
        hooks: bundle
            .hooks
            .iter()
            .map(|hook| hook.name().to_owned())
            .collect(),
        component_digest: bundle.component_digest.clone(),
        component_size: i64::try_from(bundle.component.len()).unwrap_or(i64::MAX),
        config_schema: bundle.config_schema.clone(),
        default_config: bundle.default_config.clone(),
        upload_time: Some(prost_types::Timestamp { seconds, nanos }),
        license: manifest.license.clone(),
    }
}

/// A plugin with its versions and its installation.
pub(crate) fn plugin(
    plugin_id: String,
    versions: &[Stored],
    installations: &[Installation],
) -> proto::Plugin {
    proto::Plugin {
        versions: versions
            .iter()
            .filter(|version| version.public.plugin_id == plugin_id)
            .map(|version| version.public.clone())
            .collect(),
        installation: installations
            .iter()
            .find(|one| one.plugin_id == plugin_id)
            .map(installation::to_proto),
        history: Vec::new(),
        plugin_id,
    }
}
