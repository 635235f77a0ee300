//! A bundle on the way up: a file as it is, a folder packed as one, or what a project has built.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::Context as _;
use postlude_plugin_build::pack;
use postlude_proto::plugins::v1::UploadPluginRequest;

use crate::cli::Usage;

/// Bytes in one element of the upload.
const CHUNK: usize = 256 * 1024;
/// More than any platform takes; keeps a wrong path from filling the memory.
const MOST: u64 = 64 * 1024 * 1024;

/// Where a project's bundles are built.
pub(super) const DIST: &str = "dist";

/// The bundle of a project that was built.
pub(super) fn built(home: &Path, plugin_id: &str) -> PathBuf {
    home.join(DIST).join(format!("{plugin_id}.tar"))
}

/// Reads a bundle: a file, a folder that holds all of its files, or a project that was built.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let path = if path.is_dir() {
        if path.join(pack::COMPONENT).is_file() {
            return packed(path).with_context(|| format!("{} can't be packed", path.display()));
        }
        of_project(path)?
    } else {
        path.to_path_buf()
    };
    let size = fs::metadata(&path)
        .with_context(|| format!("{} can't be read", path.display()))?
        .len();
    if size > MOST {
        return Err(Usage(format!(
            "{} has {size} bytes: no bundle is that large",
            path.display()
        ))
        .into());
    }
    fs::read(&path).with_context(|| format!("{} can't be read", path.display()))
}

/// The bundle that `postlude plugin build` has left, if it is newer than what it is made of.
fn of_project(home: &Path) -> anyhow::Result<PathBuf> {
    let manifest = home.join(pack::MANIFEST);
    let Ok(text) = fs::read_to_string(&manifest) else {
        return Err(Usage(format!("{} has no {}", home.display(), pack::MANIFEST)).into());
    };
    let manifest: toml::Table = toml::from_str(&text).context(pack::MANIFEST)?;
    let id = manifest
        .get("id")
        .and_then(toml::Value::as_str)
        .with_context(|| format!("{} has no `id`", pack::MANIFEST))?;
    let bundle = built(home, id);
    let advice = || format!("`postlude plugin build {}` makes one", home.display());
    let Ok(built) = fs::metadata(&bundle).and_then(|data| data.modified()) else {
        return Err(Usage(format!("{} isn't there: {}", bundle.display(), advice())).into());
    };
    for source in [
        "src",
        "fixtures",
        pack::MANIFEST,
        pack::SCHEMA,
        pack::DEFAULTS,
    ] {
        if newest(&home.join(source)).is_some_and(|changed| changed > built) {
            return Err(Usage(format!(
                "{source} has changed since {} was built: {}",
                bundle.display(),
                advice()
            ))
            .into());
        }
    }
    Ok(bundle)
}

/// When a file, or the last one of a folder, was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    if path.is_file() {
        return fs::metadata(path).and_then(|data| data.modified()).ok();
    }
    fs::read_dir(path)
        .ok()?
        .filter_map(|entry| newest(&entry.ok()?.path()))
        .max()
}

/// The elements of the upload.
pub(super) fn chunks(bytes: &[u8]) -> Vec<UploadPluginRequest> {
    bytes
        .chunks(CHUNK)
        .map(|chunk| UploadPluginRequest {
            chunk: chunk.to_vec(),
            request_id: String::new(),
        })
        .collect()
}

/// Packs a folder that holds a component.
fn packed(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let component = fs::read(folder.join(pack::COMPONENT))?;
    pack::bundle(pack::files(folder)?, &component)
}
