//! The programs that tests hand telemetry to: a collector of OTLP, and Prometheus.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{run, tools};

const ROTEL: &str = "rotel";
const ROTEL_VERSION: &str = "0.0.1a15";
const ROTEL_PROGRAM: &str = "rotel-agent";

/// The collector: from PATH, else fetched.
pub fn rotel() -> Result<PathBuf> {
    if let Some(program) = tools::on_path(ROTEL_PROGRAM) {
        return Ok(program);
    }
    let program = tools::from_pypi_at(ROTEL, ROTEL_VERSION, Path::new(ROTEL), ROTEL_PROGRAM)?;
    if starts(&program)? {
        return Ok(program);
    }
    // It is built for the Python that fetched it, whose library it wants to find.
    let version = run::stdout(Command::new("python3").args([
        "-c",
        "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')",
    ]))?;
    let library = format!("libpython{}", version.trim());
    if tools::may_install() {
        tools::apt_install(&[&library])?;
    }
    if starts(&program)? {
        return Ok(program);
    }
    bail!("{ROTEL_PROGRAM} doesn't start: install {library}");
}

fn starts(program: &Path) -> Result<bool> {
    Ok(run::capture(Command::new(program).arg("--version"))?.success)
}

/// `prometheus` or `promtool`: from PATH, else installed.
pub fn prometheus(program: &str) -> Result<PathBuf> {
    if let Some(path) = tools::on_path(program) {
        return Ok(path);
    }
    if tools::may_install() {
        tools::apt_install(&["prometheus"])?;
    }
    tools::on_path(program)
        .with_context(|| format!("{program} isn't there: install the package prometheus"))
}
