//! `cargo xtask chaos`: builds the platform and the program that breaks it on purpose, and runs that.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{plugins, repo, run};

/// Options of `cargo xtask chaos`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Measures and breaks an optimised build; takes minutes to build.
    #[arg(long)]
    release: bool,
    /// Rows by number or name; `--seed N`, `--minutes M`, `--seconds S`, `--list`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Runs the rows; true if all held.
pub(crate) fn run(options: &Options) -> Result<bool> {
    run::stage("plugins", plugins::run)?;
    let folder = build(options.release)?;
    run::succeeds(
        Command::new(folder.join("postlude-chaos"))
            .arg("--binary")
            .arg(folder.join("postlude"))
            .args(&options.args),
    )
}

/// Builds the command line and what starts and breaks it: the folder where they are.
pub(crate) fn build(release: bool) -> Result<std::path::PathBuf> {
    run::stage("build", || {
        let mut command = Command::new("cargo");
        // Over the whole workspace, so that dependencies get the features that the tests build them
        // with, and are built once.
        command.args(["build", "--workspace", "--bins"]);
        if release {
            command.arg("--release");
        }
        run::must(command.current_dir(repo::root()))
    })?;
    Ok(repo::target().join(if release { "release" } else { "debug" }))
}
