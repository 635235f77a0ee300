//! How long a file may be.

use super::{Finding, Report, source::Tree};

const MOST: usize = 500;
const WANTED: usize = 250;

/// No Rust file passes 500 lines; those over 250 are counted.
pub(super) fn check(tree: &Tree) -> Report {
    let mut long: Vec<(usize, &str)> = Vec::new();
    let mut findings = Vec::new();
    let mut files = 0_usize;
    for file in tree.rust() {
        files += 1;
        let lines = file.text.lines().count();
        if lines > MOST {
            findings.push(Finding::of(
                &file.path,
                format!("{lines} lines; a file has {MOST} at most"),
            ));
        } else if lines > WANTED {
            long.push((lines, &file.path));
        }
    }
    long.sort_unstable_by(|a, b| b.cmp(a));
    Report::of(
        format!(
            "{files} Rust files of at most {MOST} lines, {} of them over {WANTED}",
            long.len()
        ),
        findings,
    )
    .with_notes(
        long.iter()
            .map(|(lines, path)| format!("{path}: {lines} lines"))
            .collect(),
    )
}
