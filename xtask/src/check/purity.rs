//! The domain decides and does nothing else; the kernel does no IO.

use anyhow::Result;
use regex::Regex;
use toml::{Table, Value};

use super::{Finding, Report, source::Tree};

/// What the kernel may stand on: data, time-zone tables and macros, nothing that reads or writes.
const KERNEL_MAY: &[&str] = &["jiff", "serde", "thiserror", "ulid"];
/// The crates that `src/domain/` may name.
const DOMAIN_MAY: &[&str] = &["std", "core", "alloc", "postlude_kernel", "thiserror"];

/// `src/domain/` names std, the kernel, thiserror and itself, and has no `async`.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let import =
        Regex::new(r"^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+(?:::)?([A-Za-z_]\w*)(?:::(\w+))?")?;
    let path = Regex::new(r"(?:^|[^\w:.])([a-z_]\w*)::")?;
    let module = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*[;{]")?;
    let asynchronous = Regex::new(r"\basync\b|\.await\b")?;
    let mut findings = Vec::new();
    let mut files = 0_usize;
    for file in tree.rust() {
        let is_domain = file.path.starts_with("services/")
            && (file.path.contains("/src/domain/") || file.path.ends_with("/src/domain.rs"));
        if !is_domain {
            continue;
        }
        files += 1;
        let own_modules: Vec<&str> = module
            .captures_iter(&file.code)
            .filter_map(|found| Some(found.get(1)?.as_str()))
            .collect();
        for (line, code) in file.code_lines() {
            if file.is_test_line(line) {
                continue;
            }
            if asynchronous.is_match(code) {
                findings.push(Finding::at(&file.path, line, "the domain has no async"));
            }
            if let Some(found) = import.captures(code) {
                let root = found.get(1).map_or("", |part| part.as_str());
                let next = found.get(2).map_or("", |part| part.as_str());
                let own = matches!(root, "self" | "super")
                    || (root == "crate" && next == "domain")
                    || own_modules.contains(&root);
                let is_type = root.starts_with(char::is_uppercase);
                if !own && !is_type && !DOMAIN_MAY.contains(&root) {
                    findings.push(Finding::at(
                        &file.path,
                        line,
                        format!(
                            "the domain may use std, the kernel and thiserror, not `{root}::{next}`"
                        ),
                    ));
                }
                continue;
            }
            for found in path.captures_iter(code) {
                let root = found.get(1).map_or("", |part| part.as_str());
                if root.starts_with("postlude_") && root != "postlude_kernel"
                    || FOREIGN.contains(&root)
                {
                    findings.push(Finding::at(
                        &file.path,
                        line,
                        format!("the domain may use std, the kernel and thiserror, not `{root}`"),
                    ));
                }
            }
        }
    }
    let manifest: Table = toml::from_str(tree.text("crates/kernel/Cargo.toml")?)?;
    let kernel = manifest.get("dependencies").and_then(Value::as_table);
    for name in kernel.into_iter().flat_map(Table::keys) {
        if !KERNEL_MAY.contains(&name.as_str()) {
            findings.push(Finding::of(
                "crates/kernel/Cargo.toml",
                format!("`{name}`: the kernel stands on {}", KERNEL_MAY.join(", ")),
            ));
        }
    }
    Ok(Report::of(
        format!("{files} domain files that use std, the kernel and thiserror; a kernel without IO"),
        findings,
    ))
}

/// Crates that a domain is tempted to name without importing them.
const FOREIGN: &[&str] = &[
    "chrono",
    "jiff",
    "prost",
    "prost_types",
    "rand",
    "reqwest",
    "sea_orm",
    "serde_json",
    "tokio",
    "tonic",
    "tracing",
    "ulid",
];
