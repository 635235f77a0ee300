//! `cargo xtask bench`: what the platform costs beside what it stands on, as a table or as lines of JSON.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{
    plugins,
    postgres::{self, Care, Postgres},
    repo, run,
};

/// The figure that `crates/plugin-host` measures; the others are in `tests/bench`.
const PLUGIN_CALL: (&str, &str) = (
    "plugin-call",
    "a plugin's decision in a fresh instance beside bare wasmtime doing the same",
);

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these figures, by name or its beginning; all, if none is named.
    names: Vec<String>,
    /// How figures are printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Lists the figures and measures none.
    #[arg(long)]
    list: bool,
}

/// How figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table.
    Text,
    /// A line of JSON each.
    Json,
}

/// Measures; true if every goal is met.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let wanted = |name: &str| {
        options.names.is_empty() || options.names.iter().any(|wanted| name.starts_with(wanted))
    };
    // What people read goes to standard error, so that JSON is all that is on standard output.
    if options.list {
        println!("{:<24} {}", PLUGIN_CALL.0, PLUGIN_CALL.1);
        return run::succeeds(program(options)?.arg("--list"));
    }
    run::stage("plugins", plugins::run)?;
    let mut figures = Vec::new();
    if wanted(PLUGIN_CALL.0) {
        figures.extend(run::stage(PLUGIN_CALL.0, || {
            measured(
                Command::new("cargo")
                    .args(["bench", "--workspace", "--bench", "plugin_call"])
                    .current_dir(repo::root()),
            )
        })?);
    }
    let only_the_plugin = options
        .names
        .iter()
        .all(|name| PLUGIN_CALL.0.starts_with(name));
    if options.names.is_empty() || !only_the_plugin {
        let mut program = program(options)?;
        figures.extend(run::stage("the platform", || {
            let server = Postgres::start(&postgres::find_or_install()?, Care::Durable)?;
            measured(
                program
                    .env("POSTLUDE_TEST_POSTGRES_URL", server.url())
                    .args(&options.names),
            )
        })?);
    }
    if figures.is_empty() {
        bail!("there is no such figure; --list tells them");
    }
    match options.output {
        Output::Json => figures.iter().for_each(|figure| println!("{figure}")),
        Output::Text => print(&figures),
    }
    Ok(figures
        .iter()
        .all(|figure| figure["met"] != Value::Bool(false)))
}

/// The program that measures the platform, built optimised beside it.
fn program(options: &Options) -> Result<Command> {
    run::stage("build, optimised", || {
        let mut build = Command::new("cargo");
        build
            .args(["build", "--release", "--workspace", "--bins"])
            .current_dir(repo::root());
        if options.list {
            build.arg("--quiet");
        }
        run::must(&mut build)
    })?;
    let folder = repo::target().join("release");
    let mut program = Command::new(folder.join("postlude-bench"));
    program.arg("--binary").arg(folder.join("postlude"));
    Ok(program)
}

/// The figures that a program printed; what else it says is shown.
fn measured(command: &mut Command) -> Result<Vec<Value>> {
    let name = run::describe(command);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't run `{name}`"))?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("`{name}` failed ({})", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect()
}

fn print(figures: &[Value]) {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let columns = ["name", "value", "unit", "floor", "ratio", "goal", "met"];
    let mut rows = vec![columns.map(str::to_owned)];
    rows.extend(
        figures
            .iter()
            .map(|figure| columns.map(|column| text(&figure[column]))),
    );
    let widths = columns.map(|column| {
        let at = columns
            .iter()
            .position(|other| *other == column)
            .unwrap_or_default();
        let lengths = rows.iter().filter_map(|row| row.get(at));
        lengths
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    });
    println!();
    for row in rows {
        let cells = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(at, (cell, width))| {
                // Numbers stand at the right.
                if matches!(at, 1 | 3 | 4) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    println!(
        "\nratio is value / floor, both measured in this run; docs/performance.md says what bounds each"
    );
}
