//! rustfmt and clippy, on the workspace and on the plugins' own.

use std::process::Command;

use anyhow::Result;

use super::{Finding, Report};
use crate::{repo, run};

/// `cargo fmt --check`.
pub(super) fn format() -> Result<Report> {
    let mut findings = Vec::new();
    for (what, folder) in workspaces() {
        let output = run::capture(
            Command::new("cargo")
                .args(["fmt", "--all", "--check", "--", "--color=never", "-l"])
                .current_dir(&folder),
        )?;
        if !output.success {
            findings.extend(output.text.lines().map(|line| {
                Finding::of("", format!("{what}: {line} isn't formatted (cargo fmt)"))
            }));
        }
    }
    Ok(Report::of("every Rust file is formatted", findings))
}

/// `cargo clippy -D warnings`.
pub(super) fn clippy() -> Result<Report> {
    let mut findings = Vec::new();
    for (what, folder) in workspaces() {
        let mut command = Command::new("cargo");
        command.arg("clippy").current_dir(&folder);
        if what == "workspace" {
            command.arg("--workspace");
        }
        command.args(["--all-targets", "--quiet", "--", "-D", "warnings"]);
        let output = run::capture(&mut command)?;
        if !output.success {
            findings.push(Finding::of("", format!("{what}:\n{}", output.text)));
        }
    }
    Ok(Report::of(
        "no warning from rustc or clippy, in any target",
        findings,
    ))
}

fn workspaces() -> Vec<(&'static str, std::path::PathBuf)> {
    let root = repo::root();
    let plugins = root.join("plugins");
    let mut workspaces = vec![("workspace", root)];
    if plugins.join("Cargo.toml").is_file() {
        workspaces.push(("plugins", plugins));
    }
    workspaces
}
