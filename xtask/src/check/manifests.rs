//! What a crate's manifest says: lints and versions are the workspace's.

use anyhow::Result;
use toml::{Table, Value};

use super::{Finding, Report, source::Tree};

/// Every member inherits the workspace's lints, licence and versions.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let mut findings = Vec::new();
    let mut members = 0_usize;
    for member in super::imports::members(tree)? {
        members += 1;
        let manifest = &member.manifest;
        let path = format!("{}/Cargo.toml", member.folder);
        if !inherits(manifest.get("lints")) {
            findings.push(Finding::of(&path, "`[lints] workspace = true` is missing"));
        }
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            let value = manifest.get("package").and_then(|package| package.get(key));
            if !inherits(value) {
                findings.push(Finding::of(
                    &path,
                    format!("`{key}.workspace = true` is missing"),
                ));
            }
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let dependencies = manifest.get(section).and_then(Value::as_table);
            for (name, value) in dependencies.into_iter().flatten() {
                if !inherits(Some(value)) {
                    findings.push(Finding::of(
                        &path,
                        format!("`{name}` has a version of its own; versions stand in the root's Cargo.toml"),
                    ));
                }
            }
        }
    }
    Ok(Report::of(
        format!("{members} manifests that take lints, licence and versions from the workspace"),
        findings,
    ))
}

fn inherits(value: Option<&Value>) -> bool {
    value
        .and_then(Value::as_table)
        .and_then(|table: &Table| table.get("workspace"))
        .and_then(Value::as_bool)
        .unwrap_or(false)
}
