//! Time and chance come as parameters: clippy.toml bans the globals, this check keeps the bans.

use anyhow::Result;
use regex::Regex;
use toml::{Table, Value};

use super::{Finding, Report, source::Tree};

/// What must be banned, each with a word on what to use.
const BANNED: &[&str] = &[
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "chrono::Utc::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "uuid::Uuid::new_v4",
    "ulid::Ulid::generate",
    "rand::thread_rng",
    "rand::rng",
    "rand::random",
    "std::thread::sleep",
];

/// The one file that asks the machine for time and chance without having to say why in a list here.
const SOURCE: &str = "crates/kernel/src/clock.rs";

/// Every ban stands with its replacement; whoever lifts one says why.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let clippy: Table = toml::from_str(tree.text("clippy.toml")?)?;
    let listed: Vec<&Table> = clippy
        .get("disallowed-methods")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_table)
        .collect();
    let mut findings = Vec::new();
    for path in BANNED {
        let entry = listed
            .iter()
            .find(|entry| entry.get("path").and_then(Value::as_str) == Some(*path));
        match entry {
            None => findings.push(Finding::of("clippy.toml", format!("`{path}` isn't banned"))),
            Some(entry) if entry.get("reason").is_none() => findings.push(Finding::of(
                "clippy.toml",
                format!("the ban of `{path}` names nothing to use instead"),
            )),
            Some(_) => {}
        }
    }
    // Whoever lifts a ban has to be found by reading one list, so the lifts are counted.
    let lift = Regex::new(r"clippy::disallowed_methods")?;
    let mut lifts = Vec::new();
    for file in tree.rust() {
        for (line, code) in file.code_lines() {
            if lift.is_match(code) && file.path != SOURCE && !file.is_test_line(line) {
                lifts.push(format!("lifted at {}:{line}", file.path));
            }
        }
    }
    Ok(Report::of(
        format!(
            "{} globals of time and chance banned in clippy.toml; lifted in {SOURCE} and {} other places",
            listed.len(),
            lifts.len()
        ),
        findings,
    )
    .with_notes(lifts))
}
