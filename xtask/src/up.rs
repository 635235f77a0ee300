//! `cargo xtask up`.

use anyhow::Result;
use clap::Args;

/// Options of `cargo xtask up`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Stops after the story, with the story's exit code.
    #[arg(long)]
    exit: bool,
}

/// Starts the platform and tells the story.
pub(crate) fn run(_options: &Options) -> Result<bool> {
    Ok(false)
}
