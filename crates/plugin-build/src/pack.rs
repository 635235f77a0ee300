//! A bundle: one archive, the same bytes for the same content.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};

/// The manifest's path in a bundle.
pub const MANIFEST: &str = "plugin.toml";
/// Usual path of the configuration's schema.
pub const SCHEMA: &str = "config.schema.json";
/// Usual path of its defaults.
pub const DEFAULTS: &str = "config.default.json";
/// The component's path in a bundle.
pub const COMPONENT: &str = "component.wasm";
const FIXTURES: &str = "fixtures";

/// What a plugin's folder adds to its bundle, by path: the manifest, the configuration's schema and
/// defaults, the fixtures.
///
/// # Errors
/// If a file can't be read.
pub fn files(home: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for name in [MANIFEST, SCHEMA, DEFAULTS] {
        let path = home.join(name);
        if path.is_file() {
            files.insert(name.to_owned(), fs::read(path)?);
        }
    }
    let fixtures = home.join(FIXTURES);
    if fixtures.is_dir() {
        for entry in fs::read_dir(fixtures)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .context("a fixture has no plain name")?;
            files.insert(format!("{FIXTURES}/{name}"), fs::read(&path)?);
        }
    }
    Ok(files)
}

/// The archive: the same files give the same bytes, for its entries have no owner and no time.
///
/// # Errors
/// If a file is missing that every bundle has.
pub fn bundle(mut files: BTreeMap<String, Vec<u8>>, component: &[u8]) -> Result<Vec<u8>> {
    for name in [MANIFEST, SCHEMA, DEFAULTS] {
        if !files.contains_key(name) {
            bail!("`{name}` is missing");
        }
    }
    files.insert(COMPONENT.to_owned(), component.to_vec());
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(content.len())?);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, &path, content.as_slice())?;
    }
    archive.into_inner().context("can't finish the archive")
}
