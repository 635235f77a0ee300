//! `cargo xtask check`: every rule that a machine can hold us to, one line each.
//!
//! The rules of ARCHITECTURE.md marked with a cog live here as code, one file per rule; the rest is
//! run from tools that others maintain.

use std::{
    fmt,
    io::{IsTerminal as _, Write as _},
};

use anyhow::Result;
use clap::Args;

use crate::run;

mod bans;
mod buf;
mod contract;
mod coverage;
mod deny;
mod errors;
mod imports;
mod layout;
mod leftovers;
mod links;
mod manifests;
#[cfg(test)]
mod planted;
mod purity;
mod rust;
mod size;
mod sleeps;
mod source;

use source::Tree;

/// Options of `cargo xtask check`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the checks whose name contains one of these.
    names: Vec<String>,
    /// Installs tools that take minutes to build (cargo-deny) where they are missing. On in CI.
    #[arg(long, env = "CI")]
    install: bool,
    /// Lists the checks and runs none.
    #[arg(long)]
    list: bool,
    /// Prints what the counts stand for: the long files, the tests that cover each RPC.
    #[arg(long)]
    verbose: bool,
}

/// What a check came to.
enum Verdict {
    /// It holds.
    Ok,
    /// It doesn't; where and why.
    Broken(Vec<Finding>),
    /// It could not be looked at, and why.
    Skipped(String),
}

/// What a check says.
struct Report {
    /// What was looked at, with counts.
    summary: String,
    /// What came of it.
    verdict: Verdict,
    /// More, for `--verbose`.
    notes: Vec<String>,
}

impl Report {
    /// Broken if there are findings.
    fn of(summary: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self {
            summary: summary.into(),
            verdict: if findings.is_empty() {
                Verdict::Ok
            } else {
                Verdict::Broken(findings)
            },
            notes: Vec::new(),
        }
    }

    fn skipped(summary: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            verdict: Verdict::Skipped(why.into()),
            notes: Vec::new(),
        }
    }

    fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }
}

/// One place that breaks a rule.
struct Finding {
    place: String,
    text: String,
}

impl Finding {
    fn at(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            place: format!("{path}:{line}"),
            text: text.into(),
        }
    }

    fn of(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            place: path.into(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            write!(f, "{}", self.text)
        } else {
            write!(f, "{}: {}", self.place, self.text)
        }
    }
}

struct Check {
    name: &'static str,
    run: fn(&Tree, &Options) -> Result<Report>,
}

/// Quick ones first.
const CHECKS: &[Check] = &[
    Check {
        name: "layout",
        run: |tree, _| layout::check(tree),
    },
    Check {
        name: "size",
        run: |tree, _| Ok(size::check(tree)),
    },
    Check {
        name: "manifests",
        run: |tree, _| manifests::check(tree),
    },
    Check {
        name: "imports",
        run: |tree, _| imports::check(tree),
    },
    Check {
        name: "purity",
        run: |tree, _| purity::check(tree),
    },
    Check {
        name: "bans",
        run: |tree, _| bans::check(tree),
    },
    Check {
        name: "errors",
        run: |tree, _| errors::check(tree),
    },
    Check {
        name: "contract",
        run: |tree, _| contract::check(tree),
    },
    Check {
        name: "coverage",
        run: |tree, _| coverage::check(tree),
    },
    Check {
        name: "sleeps",
        run: |tree, _| sleeps::check(tree),
    },
    Check {
        name: "leftovers",
        run: |tree, _| leftovers::check(tree),
    },
    Check {
        name: "links",
        run: |tree, _| links::check(tree),
    },
    Check {
        name: "rustfmt",
        run: |_, _| rust::format(),
    },
    Check {
        name: "buf-lint",
        run: |_, _| buf::lint(),
    },
    Check {
        name: "buf-format",
        run: |_, _| buf::format(),
    },
    Check {
        name: "buf-breaking",
        run: |_, _| buf::breaking(),
    },
    Check {
        name: "clippy",
        run: |_, _| rust::clippy(),
    },
    Check {
        name: "cargo-deny",
        run: |_, options| deny::check(options.install),
    },
];

/// Runs the checks; true if all hold.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if options.list {
        for check in CHECKS {
            println!("{}", check.name);
        }
        return Ok(true);
    }
    let tree = Tree::load()?;
    let chosen: Vec<&Check> = CHECKS
        .iter()
        .filter(|check| {
            options.names.is_empty() || options.names.iter().any(|name| check.name.contains(name))
        })
        .collect();
    let (mut broken, mut skipped) = (0_usize, 0_usize);
    for check in &chosen {
        if run::is_stopped() {
            anyhow::bail!("interrupted");
        }
        if std::io::stdout().is_terminal() {
            // Overwritten by the result; somebody who waits for clippy wants to know for what.
            print!("...  {}\r", check.name);
            let _ = std::io::stdout().flush();
        }
        let watch = run::Watch::start();
        let report = (check.run)(&tree, options).unwrap_or_else(|error| {
            Report::of(
                "could not be checked",
                vec![Finding::of("", format!("{error:#}"))],
            )
        });
        let time = run::seconds(watch.elapsed());
        let name = check.name;
        let summary = report.summary;
        match report.verdict {
            Verdict::Ok => println!("ok   {name:<13} {summary} ({time})"),
            Verdict::Skipped(why) => {
                skipped += 1;
                println!("skip {name:<13} {summary}: {why} ({time})");
            }
            Verdict::Broken(findings) => {
                broken += 1;
                println!("FAIL {name:<13} {summary} ({time})");
                for finding in findings {
                    println!("     {finding}");
                }
            }
        }
        if options.verbose {
            for note in report.notes {
                println!("     . {note}");
            }
        }
    }
    println!(
        "{} checks: {} hold, {broken} broken, {skipped} skipped",
        chosen.len(),
        chosen.len() - broken - skipped
    );
    Ok(broken == 0)
}
