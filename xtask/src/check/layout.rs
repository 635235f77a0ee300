//! Where things lie: package names, module files, what a service must have.

use anyhow::Result;

use super::{Finding, Report, source::Tree};

/// A package is called after its folder; a module is `foo.rs` beside `foo/`; a service has its page.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let mut findings = Vec::new();
    let (mut packages, mut services) = (0_usize, 0_usize);
    for file in tree.files() {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else {
            if file.path.ends_with("/mod.rs") {
                findings.push(Finding::of(
                    &file.path,
                    "a module is `foo.rs` beside `foo/`, never `mod.rs`",
                ));
            }
            continue;
        };
        let manifest: toml::Table = toml::from_str(&file.text)?;
        let Some(name) = manifest
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str)
        else {
            continue;
        };
        packages += 1;
        let last = folder.rsplit('/').next().unwrap_or(folder);
        // Plugins are a workspace of their own: a retailer's plugin carries its own name.
        if !folder.starts_with("plugins/") && name != format!("postlude-{last}") {
            findings.push(Finding::of(
                &file.path,
                format!("the package is called `{name}`; after its folder it is `postlude-{last}`"),
            ));
        }
        if folder.starts_with("services/") {
            services += 1;
            for part in [
                "README.md",
                "src/error.rs",
                "src/rpc.rs",
                "tests/it/main.rs",
            ] {
                if tree.get(&format!("{folder}/{part}")).is_none() {
                    findings.push(Finding::of(
                        folder,
                        format!("a service has {part} (see ARCHITECTURE.md, \"One service\")"),
                    ));
                }
            }
        }
    }
    Ok(Report::of(
        format!(
            "{packages} packages named after their folders, no mod.rs, {services} services with their rooms"
        ),
        findings,
    ))
}
