//! A link in a page leads somewhere.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;
use regex::Regex;

use super::{Finding, Report, source::Tree};
use crate::repo;

/// Every relative link of every Markdown page names a file or folder that is there.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let link = Regex::new(r"\]\(([^)\s]+)\)")?;
    let mut findings = Vec::new();
    let (mut pages, mut links) = (0_usize, 0_usize);
    for file in tree.files().filter(|file| file.path.ends_with(".md")) {
        pages += 1;
        for (number, line) in file.text.lines().enumerate() {
            for found in link.captures_iter(line) {
                let target = found.get(1).map_or("", |part| part.as_str());
                let target = target.split('#').next().unwrap_or(target);
                if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                links += 1;
                let from = Path::new(&file.path).parent().unwrap_or(Path::new(""));
                if !repo::root().join(normal(&from.join(target))).exists() {
                    findings.push(Finding::at(
                        &file.path,
                        number + 1,
                        format!("the link to {target} leads nowhere"),
                    ));
                }
            }
        }
    }
    Ok(Report::of(
        format!("{links} links in {pages} pages lead somewhere"),
        findings,
    ))
}

fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => out.push(part),
        }
    }
    out
}
