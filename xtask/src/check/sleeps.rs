//! A test waits on a condition with a deadline, never on a clock.

use anyhow::Result;
use regex::Regex;

use super::{
    Finding, Report,
    source::{File, Tree},
};

/// How far above a sleep the loop and the deadline stand that make a wait of it.
const NEAR: usize = 14;

/// No test sleeps, but for the pause between two looks inside of a loop with a deadline.
pub(super) fn check(tree: &Tree) -> Result<Report> {
    let sleep = Regex::new(r"\bsleep(?:_until|_ms)?\s*\(")?;
    let test = Regex::new(r"#\[(?:\w+::)*test\b|proptest!")?;
    let wait = Wait {
        round: Regex::new(r"\bloop\b|\bwhile\b")?,
        deadline: Regex::new(r"(?i)deadline|timeout")?,
    };
    let mut findings = Vec::new();
    let mut tests = 0_usize;
    for file in tree.rust() {
        for (line, code) in file.code_lines() {
            if test.is_match(code) {
                tests += 1;
            }
            if sleep.is_match(code) && file.is_test_line(line) && !wait.is_around(file, line) {
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

struct Wait {
    round: Regex,
    deadline: Regex,
}

impl Wait {
    fn is_around(&self, file: &File, line: usize) -> bool {
        let above: Vec<&str> = file
            .code_lines()
            .filter(|(number, _)| (line.saturating_sub(NEAR)..line).contains(number))
            .map(|(_, code)| code)
            .collect();
        above.iter().any(|code| self.round.is_match(code))
            && above.iter().any(|code| self.deadline.is_match(code))
    }
}
