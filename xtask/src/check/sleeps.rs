//! A test waits on a condition with a deadline, never on a clock.

use anyhow::Result;
use regex::Regex;

use super::{Finding, Report, source::Tree};

/// The files that wait on a condition with a deadline, for all others.
const WAITING: &str = "/src/wait.rs";

/// No test sleeps.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let sleep = Regex::new(r"\bsleep(?:_until|_ms)?\s*\(")?;
    let test = Regex::new(r"#\[(?:\w+::)*test\b|proptest!|#\[test\]")?;
    let mut findings = Vec::new();
    let mut tests = 0_usize;
    for file in tree.rust() {
        for (line, code) in file.code_lines() {
            if test.is_match(code) {
                tests += 1;
            }
            if sleep.is_match(code) && file.is_test_line(line) && !file.path.ends_with(WAITING) {
                findings.push(Finding::at(
                    &file.path,
                    line,
                    "a test doesn't sleep: wait on a condition with a deadline",
                ));
            }
        }
    }
    Ok(Report::of(
        format!("{tests} tests, none of them sleeps"),
        findings,
    ))
}
