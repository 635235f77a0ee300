//! Every reason that a caller can meet has a page, and every page a reason.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use regex::Regex;

use super::{Finding, Report, contract, source::Tree};

const PAGES: &str = "docs/errors/";

/// Compares code, contracts and pages.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for promise in contract::read(tree)?.promises {
        places
            .entry(promise.reason)
            .or_insert_with(|| format!("{}:{}", promise.place.0, promise.place.1));
    }
    let promised = places.len();
    let mut unkept: BTreeSet<String> = places.keys().cloned().collect();
    for (reason, place) in in_code(tree)? {
        unkept.remove(&reason);
        places.entry(reason).or_insert(place);
    }
    let mut pages = BTreeSet::new();
    let mut findings = Vec::new();
    for file in tree.files() {
        let Some(page) = file
            .path
            .strip_prefix(PAGES)
            .and_then(|name| name.strip_suffix(".md"))
        else {
            continue;
        };
        if page == "README" {
            continue;
        }
        pages.insert(page.to_owned());
        if !places.contains_key(page) {
            findings.push(Finding::of(
                &file.path,
                "no code and no contract gives this reason",
            ));
        }
        for part in ["## What happened", "## What to do"] {
            if !file.text.contains(part) {
                findings.push(Finding::of(&file.path, format!("\"{part}\" is missing")));
            }
        }
    }
    for (reason, place) in &places {
        if !pages.contains(reason) {
            findings.push(Finding::of(
                place,
                format!("{reason} has no page {PAGES}{reason}.md"),
            ));
        }
    }
    let index = tree.text(&format!("{PAGES}README.md"))?;
    for page in &pages {
        if !index.contains(&format!("({page}.md)")) {
            findings.push(Finding::of(
                format!("{PAGES}README.md"),
                format!("{page} isn't listed"),
            ));
        }
    }
    Ok(Report::of(
        format!(
            "{} reasons ({promised} promised by contracts, {} of them given by no code yet), {} pages",
            places.len(),
            unkept.len(),
            pages.len()
        ),
        findings,
    )
    .with_notes(
        unkept
            .iter()
            .map(|reason| format!("no code gives {reason} yet"))
            .collect(),
    ))
}

/// Reasons in the platform's own code: what a `fn reason` answers, what an ErrorInfo is made with,
/// and constants named REASON_….
fn in_code(tree: &Tree) -> Result<Vec<(String, String)>> {
    let function = Regex::new(r"fn \w*reason\s*\([^)]*\)\s*->\s*&'static str")?;
    let literal = Regex::new(r#""([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)""#)?;
    let direct = Regex::new(
        r#"(?:\breason\s*:\s*|\breason\(\s*|\bREASON_?\w*\s*:\s*&(?:'static\s+)?str\s*=\s*)"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)""#,
    )?;
    let constant = Regex::new(r#"const (\w+): &(?:'static )?str = "(\w+)""#)?;
    let mut found = Vec::new();
    for file in tree.rust() {
        let ours = ["crates/", "gateway/", "services/"]
            .iter()
            .any(|folder| file.path.starts_with(folder));
        // In a domain "reason" is also why something was decided, which is no error.
        let apart = file.path.contains("/src/domain") || file.path.starts_with("crates/testkit/");
        if !ours || apart || file.is_test() {
            continue;
        }
        let mut push = |offset: usize, reason: &str| {
            let line = file.line_of(offset);
            if !file.is_test_line(line) {
                found.push((reason.to_owned(), format!("{}:{line}", file.path)));
            }
        };
        for start in function.find_iter(&file.text) {
            let body = block(&file.text, start.start());
            for literal in literal.captures_iter(body).filter_map(|found| found.get(1)) {
                push(start.start() + literal.start(), literal.as_str());
            }
        }
        for pair in constant.captures_iter(&file.text) {
            if let (Some(name), Some(value)) = (pair.get(1), pair.get(2))
                && name.as_str() == value.as_str()
            {
                push(value.start(), value.as_str());
            }
        }
        for literal in direct
            .captures_iter(&file.text)
            .filter_map(|found| found.get(1))
        {
            push(literal.start(), literal.as_str());
        }
    }
    Ok(found)
}

/// From `start` to the end of the first block in braces; nothing if there is none before a `;`.
fn block(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let mut depth = 0_usize;
    for (offset, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return rest.get(..=offset).unwrap_or_default(),
            '}' => depth -= 1,
            ';' if depth == 0 => return "",
            _ => {}
        }
    }
    rest
}
