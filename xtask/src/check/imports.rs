//! Who may depend on whom, and where a library's words may be spoken.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use regex::Regex;
use toml::{Table, Value};

use super::{
    Finding, Report,
    source::{File, Tree},
};

/// A crate of the workspace.
pub(super) struct Member {
    /// From the root.
    pub(super) folder: String,
    /// Its name.
    pub(super) name: String,
    /// Its manifest.
    pub(super) manifest: Table,
}

/// The crates that the root's manifest lists.
pub(super) fn members(tree: &Tree) -> Result<Vec<Member>> {
    let root: Table = toml::from_str(tree.text("Cargo.toml")?)?;
    let members = root
        .get("workspace")
        .and_then(|workspace| workspace.get("members"))
        .and_then(Value::as_array)
        .context("Cargo.toml lists no members")?;
    members
        .iter()
        .filter_map(Value::as_str)
        .map(|folder| {
            let manifest: Table = toml::from_str(tree.text(&format!("{folder}/Cargo.toml"))?)?;
            let name = manifest
                .get("package")
                .and_then(|package| package.get("name"))
                .and_then(Value::as_str)
                .with_context(|| format!("{folder} has no name"))?
                .to_owned();
            Ok(Member {
                folder: folder.to_owned(),
                name,
                manifest,
            })
        })
        .collect()
}

/// Libraries that only these folders may depend on at all.
const RESERVED_CRATES: &[(&str, &[&str])] = &[
    ("async-nats", &["crates/bus"]),
    ("wasmtime", &["crates/plugin-host"]),
    // For a feature that sea-orm doesn't pass on; its words stay reserved.
    ("sqlx", &["crates/store"]),
];

/// Where a library's paths may stand in non-test code: prefixes of a file's path, or parts of it.
struct Words {
    krate: &'static str,
    folders: &'static [&'static str],
    parts: &'static [&'static str],
}

const RESERVED_WORDS: &[Words] = &[
    Words {
        krate: "sea_orm",
        folders: &["crates/store/"],
        parts: &[
            "/src/store/",
            "/src/store.rs",
            "/src/migrations/",
            "/src/migrations.rs",
        ],
    },
    Words {
        krate: "sea_orm_migration",
        folders: &["crates/store/"],
        parts: &[
            "/src/store/",
            "/src/store.rs",
            "/src/migrations/",
            "/src/migrations.rs",
        ],
    },
    Words {
        krate: "tonic",
        folders: &[
            "proto/",
            "crates/chassis/",
            "gateway/",
            "crates/testkit/",
            "crates/postlude/",
        ],
        parts: &[
            "/src/rpc/",
            "/src/rpc.rs",
            "/src/convert/",
            "/src/convert.rs",
        ],
    },
    Words {
        krate: "async_nats",
        folders: &["crates/bus/"],
        parts: &[],
    },
    Words {
        krate: "wasmtime",
        folders: &["crates/plugin-host/"],
        parts: &[],
    },
];

/// Checks manifests and paths.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let members = members(tree)?;
    let folders: BTreeMap<&str, &str> = members
        .iter()
        .map(|member| (member.name.as_str(), member.folder.as_str()))
        .collect();
    let mut findings = Vec::new();
    let mut edges = 0_usize;
    for member in &members {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = member.manifest.get(section).and_then(Value::as_table);
            for name in table.into_iter().flat_map(Table::keys) {
                edges += 1;
                let broken = match folders.get(name.as_str()) {
                    Some(to) => {
                        refuse(&member.folder, to, section == "dev-dependencies").map(str::to_owned)
                    }
                    None => refuse_library(&member.folder, name),
                };
                if let Some(why) = broken {
                    findings.push(Finding::of(
                        format!("{}/Cargo.toml", member.folder),
                        format!("[{section}] {name}: {why}"),
                    ));
                }
            }
        }
    }
    let patterns = RESERVED_WORDS
        .iter()
        .map(|rule| Ok((rule, Regex::new(&format!(r"(^|[^\w:]){}::", rule.krate))?)))
        .collect::<Result<Vec<_>>>()?;
    let mut files = 0_usize;
    for file in tree.rust().filter(|file| ours(file)) {
        files += 1;
        words(file, &patterns, &mut findings);
    }
    Ok(Report::of(
        format!(
            "{edges} dependencies of {} crates, library paths in {files} files: each where it may be",
            members.len()
        ),
        findings,
    ))
}

/// Why a crate of ours may not depend on another, if it may not.
fn refuse(from: &str, to: &str, for_tests: bool) -> Option<&'static str> {
    let is_service = |folder: &str| folder.starts_with("services/");
    let composition = from == "crates/postlude" || from.starts_with("tests/");
    if composition {
        return None;
    }
    if from == "xtask" {
        // How plugins are built knows nothing of the platform either.
        return (to != "crates/plugin-build")
            .then_some("xtask builds and runs the platform, it isn't linked to it");
    }
    if to == "crates/testkit" {
        return (!for_tests).then_some("the test kit is for tests: [dev-dependencies]");
    }
    if to == "crates/postlude" || to == "xtask" || to.starts_with("tests/") {
        return Some("nothing depends on the composition root, on xtask or on tests");
    }
    if from == "crates/kernel" {
        return Some("the kernel stands on nothing of ours");
    }
    if from == "proto" {
        return Some("contracts stand on nothing of ours");
    }
    if is_service(from) && (is_service(to) || to == "gateway") {
        return Some("services share contracts and events only");
    }
    if from.starts_with("crates/") && (is_service(to) || to == "gateway") {
        return Some("shared crates know no service and no gateway");
    }
    let gateway_may = ["proto", "crates/chassis", "crates/store", "crates/kernel"];
    if from == "gateway" && !for_tests && !gateway_may.contains(&to) {
        return Some("the gateway stands on proto, chassis, store and kernel");
    }
    None
}

fn refuse_library(from: &str, name: &str) -> Option<String> {
    let (_, allowed) = RESERVED_CRATES.iter().find(|(krate, _)| *krate == name)?;
    if allowed.contains(&from) {
        return None;
    }
    Some(match allowed {
        [] => "goes through postlude-store".to_owned(),
        folders => format!("is for {} alone", folders.join(", ")),
    })
}

/// Code of the platform: not xtask, not a plugin, not tests.
fn ours(file: &File) -> bool {
    !file.is_test()
        && !file.path.starts_with("xtask/")
        && !file.path.starts_with("plugins/")
        && !file.path.ends_with("build.rs")
}

fn words(file: &File, patterns: &[(&Words, Regex)], findings: &mut Vec<Finding>) {
    for (rule, pattern) in patterns {
        let allowed = rule
            .folders
            .iter()
            .any(|folder| file.path.starts_with(folder))
            || rule.parts.iter().any(|part| file.path.contains(part));
        if allowed || !file.code.contains(rule.krate) {
            continue;
        }
        for (line, code) in file.code_lines() {
            if pattern.is_match(code) && !file.is_test_line(line) {
                findings.push(Finding::at(
                    &file.path,
                    line,
                    format!(
                        "`{}` is spoken only in {}",
                        rule.krate,
                        [rule.folders, rule.parts].concat().join(", ")
                    ),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{refuse, refuse_library};

    #[test]
    fn services_share_contracts_and_events_only() {
        assert!(refuse("services/returns", "services/orders", false).is_some());
        assert!(refuse("services/returns", "services/orders", true).is_some());
        assert!(refuse("services/returns", "crates/chassis", false).is_none());
        assert!(refuse("crates/testkit", "services/orders", false).is_some());
        assert!(refuse("crates/postlude", "services/orders", false).is_none());
        assert!(refuse("tests/journeys", "services/orders", false).is_none());
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        assert!(refuse("services/returns", "crates/testkit", false).is_some());
        assert!(refuse("services/returns", "crates/testkit", true).is_none());
    }

    #[test]
    fn one_crate_speaks_wasmtime() {
        assert!(refuse_library("services/returns", "wasmtime").is_some());
        assert!(refuse_library("crates/plugin-host", "wasmtime").is_none());
        assert!(refuse_library("services/returns", "serde").is_none());
    }
}
