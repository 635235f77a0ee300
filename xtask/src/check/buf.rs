//! buf: lint, format and breaking changes of the contracts, without the network.
//!
//! The contracts import `buf/validate/validate.proto`, which buf would fetch from its registry. It
//! also comes with a crate that we depend on, so both are laid out side by side as one buf workspace
//! in a temporary folder, under the rules of proto/buf.yaml.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tempfile::TempDir;

use super::{Finding, Report};
use crate::{repo, run, tools};

const PACKAGE: &str = "buf-bin";
const VERSION: &str = "1.75.0";
const VALIDATE: &str = "buf/validate/validate.proto";

/// `buf lint`.
pub(super) fn lint() -> Result<Report> {
    let workspace = workspace(&repo::root().join("proto"))?;
    let output = buf(workspace.path(), &["lint", "contracts"])?;
    Ok(Report::of(
        format!("{} contracts against STANDARD and COMMENTS", count()?),
        findings(&output),
    ))
}

/// `buf format`.
pub(super) fn format() -> Result<Report> {
    let workspace = workspace(&repo::root().join("proto"))?;
    let output = buf(
        workspace.path(),
        &["format", "-d", "--exit-code", "contracts"],
    )?;
    Ok(Report::of(
        format!("{} contracts are formatted", count()?),
        findings(&output),
    ))
}

/// `buf breaking` against the last release.
pub(super) fn breaking() -> Result<Report> {
    let Some(tag) = last_release()? else {
        return Ok(Report::of("no release yet: nothing to compare", Vec::new()));
    };
    let released = tempfile::tempdir()?;
    let archive = released.path().join("proto.tar");
    run::stdout(
        Command::new("git")
            .args(["archive", "--format=tar", "-o"])
            .arg(&archive)
            .args([&tag, "proto"])
            .current_dir(repo::root()),
    )?;
    tar::Archive::new(fs::File::open(&archive)?).unpack(released.path())?;
    let before = workspace(&released.path().join("proto"))?;
    let now = workspace(&repo::root().join("proto"))?;
    let against = before
        .path()
        .join("contracts")
        .to_string_lossy()
        .into_owned();
    let output = buf(
        now.path(),
        &["breaking", "contracts", "--against", &against],
    )?;
    Ok(Report::of(
        format!("the contracts still speak to {tag}"),
        findings(&output),
    ))
}

/// The newest tag that looks like a release and leads here.
fn last_release() -> Result<Option<String>> {
    let output = run::capture(
        Command::new("git")
            .args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"])
            .current_dir(repo::root()),
    )?;
    Ok(output.success.then(|| output.text.trim().to_owned()))
}

fn buf(folder: &Path, arguments: &[&str]) -> Result<run::Output> {
    let program = match tools::on_path("buf") {
        Some(program) => program,
        None => tools::from_pypi(PACKAGE, VERSION, "buf")?,
    };
    run::capture(
        Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env("BUF_CACHE_DIR", folder.join("cache")),
    )
}

fn findings(output: &run::Output) -> Vec<Finding> {
    if output.success {
        return Vec::new();
    }
    output
        .text
        .lines()
        .map(|line| Finding::of("", line.replace("contracts/postlude", "proto/postlude")))
        .collect()
}

fn count() -> Result<usize> {
    fn below(folder: &Path) -> Result<usize> {
        let mut found = 0;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                found += below(&path)?;
            } else if path
                .extension()
                .is_some_and(|extension| extension == "proto")
            {
                found += 1;
            }
        }
        Ok(found)
    }
    below(&repo::root().join("proto/postlude"))
}

/// The contracts in `proto` and what they import, as one buf workspace.
fn workspace(proto: &Path) -> Result<TempDir> {
    let home = tempfile::Builder::new().prefix("postlude-buf-").tempdir()?;
    copy(
        &proto.join("postlude"),
        &home.path().join("contracts/postlude"),
    )?;
    let validate = home.path().join("imports").join(VALIDATE);
    fs::create_dir_all(validate.parent().unwrap_or(home.path()))?;
    fs::copy(validate_proto()?, &validate)?;
    let rules = fs::read_to_string(proto.join("buf.yaml")).context("proto/buf.yaml is missing")?;
    let rules = rules
        .split_once("lint:")
        .map(|(_, rules)| rules)
        .context("proto/buf.yaml has no rules for lint")?;
    fs::write(
        home.path().join("buf.yaml"),
        format!("version: v2\nmodules:\n  - path: contracts\n  - path: imports\nlint:{rules}"),
    )?;
    Ok(home)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("can't read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// `validate.proto` out of the crate that also gives the build its descriptors.
fn validate_proto() -> Result<PathBuf> {
    let metadata = run::stdout(
        Command::new("cargo")
            .args(["metadata", "--format-version=1", "--locked"])
            .current_dir(repo::root()),
    )?;
    let metadata: Metadata = serde_json::from_str(&metadata)?;
    for package in metadata.packages {
        if package.name == "prost-protovalidate-types" {
            let folder = package.manifest_path.parent().unwrap_or(Path::new(""));
            return Ok(folder.join("proto").join(VALIDATE));
        }
    }
    bail!("no dependency carries {VALIDATE}")
}
