//! Plugins to install: the shipped one, and ones that misbehave.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use postlude_proto::plugins::v1::{
    InstallPluginRequest, Installation, PluginVersion, UploadPluginRequest,
};
use tonic::Status;

use crate::{shop::Shop, story::Story, wait, world};

/// Bytes of a bundle in one element of the stream.
const CHUNK: usize = 256 * 1024;

/// The shipped plugin's bundle, as `cargo xtask plugins` builds it.
///
/// # Errors
/// If it isn't built.
pub fn standard_returns() -> anyhow::Result<PathBuf> {
    find(&dist(), "standard-returns")
}

/// A bundle that misbehaves: `endless-loop`, for example.
///
/// # Errors
/// If it isn't built.
pub fn fixture(name: &str) -> anyhow::Result<PathBuf> {
    find(&dist().join("fixtures"), name)
}

/// Uploads a bundle, puts it in service with its default configuration, and waits until it answers.
///
/// # Errors
/// If it is refused, or doesn't answer in time.
pub async fn install(shop: &Shop, bundle: &Path) -> anyhow::Result<Installation> {
    let uploaded = upload(shop, bundle).await?;
    let request = InstallPluginRequest {
        plugin_id: uploaded.plugin_id,
        version: uploaded.version,
        ..InstallPluginRequest::default()
    };
    let answer = shop.plugins.clone().install_plugin(request).await?;
    let installation = answer.into_inner();
    answers(shop, &installation).await?;
    Ok(installation)
}

/// Waits until it is this plugin that decides, on an order that is of no other use. Whoever installs
/// a plugin waits for a moment: each replica compiles it before it takes over.
async fn answers(shop: &Shop, installation: &Installation) -> anyhow::Result<()> {
    let order_id = format!("probe-of-generation-{}", installation.generation);
    let probe = Story::new(&order_id, world::days_ago(6));
    probe.deliver_all(shop).await?;
    wait::until("the plugin answers", async || {
        let decision = probe
            .quote_of(shop, "2")
            .await?
            .decision
            .unwrap_or_default();
        Ok::<_, Status>((decision.plugin_id == installation.plugin_id).then_some(()))
    })
    .await
}

/// Installs the shipped plugin.
///
/// # Errors
/// If it isn't built, or is refused.
pub async fn install_standard_returns(shop: &Shop) -> anyhow::Result<Installation> {
    install(shop, &standard_returns()?).await
}

/// Uploads a bundle.
///
/// # Errors
/// If it can't be read, or is refused.
pub async fn upload(shop: &Shop, bundle: &Path) -> anyhow::Result<PluginVersion> {
    let bytes = tokio::fs::read(bundle)
        .await
        .with_context(|| format!("{}", bundle.display()))?;
    let chunks: Vec<_> = bytes
        .chunks(CHUNK)
        .map(|chunk| UploadPluginRequest {
            chunk: chunk.to_vec(),
            ..UploadPluginRequest::default()
        })
        .collect();
    let stream = tokio_stream::iter(chunks);
    let answer = shop.plugins.clone().upload_plugin(stream).await;
    Ok(answer
        .with_context(|| format!("{}", bundle.display()))?
        .into_inner())
}

fn dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist")
}

/// The bundle in `folder` whose name begins with `name`.
fn find(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let missing = || {
        format!(
            "no bundle {name} in {}: cargo xtask plugins builds it",
            folder.display()
        )
    };
    std::fs::read_dir(folder)
        .with_context(missing)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let stem = path.file_name().and_then(|file| file.to_str());
            stem.and_then(|stem| stem.strip_prefix(name))
                .is_some_and(|rest| rest.starts_with(['.', '-']) && rest.ends_with(".tar"))
        })
        .with_context(missing)
}
