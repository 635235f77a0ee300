//! A bundle on the way up: a file as it is, or a folder packed as one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use postlude_proto::plugins::v1::UploadPluginRequest;

use crate::cli::Usage;

/// Bytes in one element of the upload.
const CHUNK: usize = 256 * 1024;
/// More than any platform takes; keeps a wrong path from filling the memory.
const MOST: u64 = 64 * 1024 * 1024;

/// Reads a bundle.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.is_dir() {
        return pack(path).with_context(|| format!("{} can't be packed", path.display()));
    }
    let size = fs::metadata(path)
        .with_context(|| format!("{} can't be read", path.display()))?
        .len();
    if size > MOST {
        return Err(Usage(format!(
            "{} has {size} bytes: no bundle is that large",
            path.display()
        ))
        .into());
    }
    fs::read(path).with_context(|| format!("{} can't be read", path.display()))
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

/// Packs a folder: the same files give the same bytes.
fn pack(folder: &Path) -> anyhow::Result<Vec<u8>> {
    if !folder.join("plugin.toml").is_file() {
        return Err(Usage(format!("{} has no plugin.toml", folder.display())).into());
    }
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let content = fs::read(&file)?;
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(content.len())?);
        header.set_mode(0o644);
        archive.append_data(&mut header, file.strip_prefix(folder)?, content.as_slice())?;
    }
    Ok(archive.into_inner()?)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden {
            collect(&entry.path(), files)?;
        } else if kind.is_file() && !hidden {
            files.push(entry.path());
        }
    }
    Ok(())
}
