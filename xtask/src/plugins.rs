//! `cargo xtask plugins`: builds every guest, makes components of them, packs bundles.
//!
//! A folder of `plugins/` with a `plugin.toml` is a plugin that ships: it becomes
//! `plugins/dist/<name>.tar`, and its component alone `plugins/dist/<name>.wasm`. Folders of
//! `plugins/fixtures/` become bundles under `plugins/dist/fixtures/`; one whose schema lists
//! behaviours becomes a bundle for each. Nothing is built while nothing has changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use postlude_plugin_build::{componentise, pack, toolchain};

use crate::{repo, run, tools};

/// Changes when what this command writes changes for the same sources.
const FORMAT: &str = "1";
const STAMP: &str = ".built";

/// Builds what isn't up to date.
pub(crate) fn run() -> Result<()> {
    let home = repo::root().join("plugins");
    let dist = home.join("dist");
    let stamp = stamp(&home)?;
    if is_fresh(&dist, &stamp) {
        println!("    plugins: unchanged");
        return Ok(());
    }
    let way = choose(&home)?;
    println!("    plugins: {way}");
    let target = repo::target();
    run::must(way.command(&home, &target).arg("--locked"))?;
    let modules = way.modules(&target);
    let fresh = tempfile::Builder::new()
        .prefix(".dist-")
        .tempdir_in(&home)
        .context("can't write in plugins/")?;
    let guests = guests(&home)?;
    for guest in &guests {
        let module = modules.join(toolchain::module(&guest.name));
        let bytes = fs::read(&module).with_context(|| module.display().to_string())?;
        let component = componentise(&bytes).with_context(|| module.display().to_string())?;
        let folder = fresh.path().join(&guest.group);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{}.wasm", guest.name)), &component)?;
        for (name, bundle) in guest.bundles(&component)? {
            fs::write(folder.join(format!("{name}.tar")), bundle)?;
        }
        println!("    {}: component of {} bytes", guest.name, component.len());
    }
    fs::write(fresh.path().join(STAMP), &stamp)?;
    // Swapped in whole, so that a test never reads half a bundle.
    let fresh = fresh.keep();
    if dist.exists() {
        let old = fresh.with_extension("old");
        fs::rename(&dist, &old)?;
        fs::rename(&fresh, &dist)?;
        fs::remove_dir_all(&old)?;
    } else {
        fs::rename(&fresh, &dist)?;
    }
    Ok(())
}

/// The bundles of the plugins that ship, in the order of their names.
pub(crate) fn shipped() -> Result<Vec<PathBuf>> {
    let dist = repo::root().join("plugins/dist");
    let mut bundles: Vec<PathBuf> = fs::read_dir(&dist)
        .with_context(|| dist.display().to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "tar"))
        .collect();
    bundles.sort();
    Ok(bundles)
}

/// One crate that becomes a component.
struct Guest {
    name: String,
    /// Folder under `dist`.
    group: PathBuf,
    home: PathBuf,
}

impl Guest {
    /// Bundles by name.
    fn bundles(&self, component: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
        let files = pack::files(&self.home)?;
        let behaviours = behaviours(&files)?;
        if behaviours.is_empty() {
            return Ok([(self.name.clone(), pack::bundle(files, component)?)].into());
        }
        behaviours
            .into_iter()
            .map(|behaviour| {
                let mut files = files.clone();
                if let Some(manifest) = files.get_mut(pack::MANIFEST) {
                    let text = String::from_utf8_lossy(manifest).replace("{behaviour}", &behaviour);
                    *manifest = text.into_bytes();
                }
                let defaults = format!("{{\"behaviour\": \"{behaviour}\"}}\n");
                files.insert(pack::DEFAULTS.to_owned(), defaults.into_bytes());
                Ok((behaviour, pack::bundle(files, component)?))
            })
            .collect()
    }
}

fn guests(home: &Path) -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for group in ["", "fixtures"] {
        for entry in fs::read_dir(home.join(group))? {
            let path = entry?.path();
            if !path.join(pack::MANIFEST).is_file() {
                continue;
            }
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .context("a plugin's folder has no plain name")?;
            guests.push(Guest {
                name: name.to_owned(),
                group: PathBuf::from(group),
                home: path.clone(),
            });
        }
    }
    guests.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    if guests.is_empty() {
        bail!("there is no plugin in {}", home.display());
    }
    Ok(guests)
}

/// The behaviours that a fixture's schema lists.
fn behaviours(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<String>> {
    let Some(schema) = files.get(pack::SCHEMA) else {
        return Ok(Vec::new());
    };
    let schema: Value = serde_json::from_slice(schema).context(pack::SCHEMA)?;
    let listed = schema.pointer("/properties/behaviour/enum");
    Ok(listed
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|behaviour| behaviour.as_str().map(str::to_owned))
        .collect())
}

/// The first way to build that is open; Debian's packages are installed where they may be.
fn choose(home: &Path) -> Result<toolchain::Way> {
    if let Some(way) = toolchain::find(home) {
        return Ok(way);
    }
    if tools::may_install() {
        tools::apt_install(&toolchain::DEBIAN_PACKAGES)?;
    }
    toolchain::find(home).with_context(toolchain::advice)
}

/// A hash of everything that goes in.
fn stamp(home: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(FORMAT);
    let mut folders = vec![home.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() {
                if !matches!(name, "dist" | "target") && !name.starts_with('.') {
                    folders.push(path);
                }
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    for file in files {
        let relative = file.strip_prefix(home).unwrap_or(&file);
        hash.update(relative.to_string_lossy().as_bytes());
        hash.update([0]);
        hash.update(Sha256::digest(fs::read(&file)?));
    }
    Ok(hex::encode(hash.finalize()))
}

fn is_fresh(dist: &Path, stamp: &str) -> bool {
    fs::read_to_string(dist.join(STAMP)).is_ok_and(|built| built == stamp)
}
