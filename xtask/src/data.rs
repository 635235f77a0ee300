//! `cargo xtask data`.

use anyhow::Result;
use clap::Args;

/// Options of `cargo xtask data`.
#[derive(Debug, Args)]
pub(crate) struct Options {}

/// Makes the data sets.
pub(crate) fn run(_options: &Options) -> Result<bool> {
    Ok(false)
}
