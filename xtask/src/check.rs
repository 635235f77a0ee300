//! `cargo xtask check`.

use anyhow::Result;
use clap::Args;

/// Options of `cargo xtask check`.
#[derive(Debug, Args)]
pub(crate) struct Options {}

/// Checks everything.
pub(crate) fn run(_options: &Options) -> Result<bool> {
    Ok(false)
}
