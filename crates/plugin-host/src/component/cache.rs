//! Machine code between two starts.
//!
//! A file per component and engine, in a folder that only the host writes. Its first bytes are the
//! hash of the rest: a torn or altered file is compiled anew. Code from anywhere else is never
//! taken in.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

const MAGIC: &[u8; 16] = b"postlude-code-1\n";
const HASH_BYTES: usize = 32;

pub(super) fn compile(
    engine: &Engine,
    engine_hash: &str,
    folder: Option<&Path>,
    digest: &str,
    bytes: &[u8],
) -> wasmtime::Result<Component> {
    let Some(folder) = folder else {
        return Component::from_binary(engine, bytes);
    };
    let path = file(folder, engine_hash, digest);
    if let Some(code) = read(&path)
        && let Some(component) = revive(engine, &code)
    {
        return Ok(component);
    }
    let component = Component::from_binary(engine, bytes)?;
    let kept = component
        .serialize()
        .map_err(io::Error::other)
        .and_then(|code| write(folder, &path, &code));
    if let Err(error) = kept {
        tracing::warn!(%error, path = %path.display(), "machine code of a plugin isn't kept");
    }
    Ok(component)
}

fn file(folder: &Path, engine_hash: &str, digest: &str) -> PathBuf {
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    folder.join(format!("{}.{}.code", plain(digest), plain(engine_hash)))
}

/// The code, if the file is there and whole.
fn read(path: &Path) -> Option<Vec<u8>> {
    let content = fs::read(path).ok()?;
    let rest = content.strip_prefix(MAGIC)?;
    let (hash, code) = rest.split_at_checked(HASH_BYTES)?;
    (<[u8; HASH_BYTES]>::from(Sha256::digest(code)) == *hash).then(|| code.to_vec())
}

#[allow(
    unsafe_code,
    reason = "the only way to take machine code back in, see the SAFETY note"
)]
fn revive(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: the bytes were written by `write` below, by an engine with the same compatibility hash
    // (it is in the file's name, and wasmtime compares its own copy), into a folder with mode 0700,
    // and `read` has found their hash to be the one that was written with them.
    unsafe { Component::deserialize(engine, code) }.ok()
}

fn write(folder: &Path, path: &Path, code: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    own(folder, 0o700)?;
    let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::File::create(&unfinished)?;
    own(&unfinished, 0o600)?;
    file.write_all(MAGIC)?;
    file.write_all(&Sha256::digest(code))?;
    file.write_all(code)?;
    drop(file);
    fs::rename(&unfinished, path)
}

#[cfg(unix)]
fn own(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn own(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}
