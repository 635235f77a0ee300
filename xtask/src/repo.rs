//! Where things are in the repository.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The repository's root: of the checkout that cargo runs us in, which need not be the one that a
/// shared target folder was filled from.
pub fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where fetched tools are kept: ignored by git, shared between checkouts where the environment says
/// so (`POSTLUDE_TOOLS`).
pub fn tools() -> PathBuf {
    env::var_os("POSTLUDE_TOOLS").map_or_else(|| root().join(".tools"), PathBuf::from)
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
