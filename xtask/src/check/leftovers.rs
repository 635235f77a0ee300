//! Nothing half-done is called done, and nothing of one machine is in the tree.

use anyhow::Result;
use regex::Regex;

use super::{Finding, Report, source::Tree};

/// No unfinished code, no marker for it, no path of somebody's machine.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    // Written in pieces, so that this file doesn't find itself.
    let unfinished = Regex::new(&["\\b(?:to", "do|unimple", "mented)!"].concat())?;
    let marker = Regex::new(&["\\b(?:FIX", "ME|HA", "CK|TO", "DO)\\b"].concat())?;
    let machine = Regex::new(
        &[
            "(?m)(?:^|[\\s\"'`(=:])(?:/ro",
            "ot/|/ho",
            "me/[a-z]|/Us",
            "ers/[a-z]|/wo",
            "rk/|[A-Z]:\\\\Us",
            "ers)",
        ]
        .concat(),
    )?;
    let mut findings = Vec::new();
    let mut files = 0_usize;
    for file in tree
        .files()
        .filter(|file| !file.text.is_empty() && file.path != "Cargo.lock")
    {
        files += 1;
        // Most files have nothing: one look at the whole of it before one at each line.
        let code = unfinished.is_match(&file.code);
        if !code && !marker.is_match(&file.text) && !machine.is_match(&file.text) {
            continue;
        }
        if file.path.ends_with(".rs") {
            for (line, code) in file.code_lines() {
                if unfinished.is_match(code) {
                    findings.push(Finding::at(&file.path, line, "unfinished code"));
                }
            }
        }
        for (number, line) in file.text.lines().enumerate() {
            if marker.is_match(line) {
                findings.push(Finding::at(
                    &file.path,
                    number + 1,
                    "a marker for unfinished work",
                ));
            }
            if machine.is_match(line) {
                findings.push(Finding::at(&file.path, number + 1, "a path of one machine"));
            }
        }
    }
    Ok(Report::of(
        format!("{files} files without unfinished code or paths of one machine"),
        findings,
    ))
}
