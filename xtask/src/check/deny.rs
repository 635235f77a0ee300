//! cargo-deny: licences, sources and bans; advisories where their database can be reached.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use super::{Finding, Report};
use crate::{repo, run, tools};

const VERSION: &str = "0.20.2";

/// Runs it where it is, or may be, installed.
pub(super) fn check(install: bool) -> Result<Report> {
    let Some(program) = find(install)? else {
        return Ok(Report::skipped(
            "licences, sources, bans and advisories",
            "cargo-deny isn't installed; `cargo xtask check --install` builds it into the tools folder, which takes minutes",
        ));
    };
    let output = deny(&program, &["bans", "licenses", "sources"])?;
    if !output.success {
        return Ok(Report::of(
            "licences, sources and bans of every dependency",
            vec![Finding::of("deny.toml", output.text)],
        ));
    }
    let advisories = deny(&program, &["advisories"])?;
    if advisories.success {
        return Ok(Report::of(
            "licences, sources, bans and advisories of every dependency",
            Vec::new(),
        ));
    }
    if advisories.text.contains("failed to fetch")
        || advisories.text.contains("failed to load advisory")
    {
        return Ok(Report::of(
            "licences, sources and bans of every dependency; the advisory database can't be reached",
            Vec::new(),
        ));
    }
    Ok(Report::of(
        "advisories of every dependency",
        vec![Finding::of("deny.toml", advisories.text)],
    ))
}

fn deny(program: &PathBuf, checks: &[&str]) -> Result<run::Output> {
    run::capture(
        Command::new(program)
            .args([
                "--log-level",
                "error",
                "--color",
                "never",
                "check",
                "--hide-inclusion-graph",
            ])
            .args(checks)
            .current_dir(repo::root()),
    )
}

fn find(install: bool) -> Result<Option<PathBuf>> {
    if let Some(program) = tools::on_path("cargo-deny") {
        return Ok(Some(program));
    }
    let home = repo::tools().join(format!("cargo-deny-{VERSION}"));
    let program = home.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(Some(program));
    }
    if !install {
        return Ok(None);
    }
    let installed = run::capture(
        Command::new("cargo")
            .args([
                "install",
                "cargo-deny",
                "--locked",
                "--debug",
                "--quiet",
                "--version",
            ])
            .arg(format!("={VERSION}"))
            .arg("--root")
            .arg(&home)
            .env("CARGO_TARGET_DIR", repo::tools().join("cargo-deny-build")),
    )?;
    if installed.success {
        Ok(Some(program))
    } else {
        println!("     cargo-deny could not be installed: {}", installed.text);
        Ok(None)
    }
}
