//! `cargo xtask test`: PostgreSQL and nats-server of its own, the plugins, every test.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use clap::Args;

use crate::{
    nats::{self, Nats},
    observers, plugins,
    postgres::{self, Care, Postgres},
    repo, run, tools,
};

/// Where tests find PostgreSQL. Set beforehand, it is used as it is and no server is started.
const POSTGRES: &str = "POSTLUDE_TEST_POSTGRES_URL";
/// The same, as a role that owns nothing.
const POSTGRES_APP: &str = "POSTLUDE_TEST_POSTGRES_APP_URL";
/// Where tests find nats-server.
const NATS: &str = "POSTLUDE_TEST_NATS_URL";

/// Where tests find a collector of OTLP, a Prometheus, and its checker.
const ROTEL: &str = "POSTLUDE_TEST_ROTEL";
const PROMETHEUS: &str = "POSTLUDE_TEST_PROMETHEUS";
const PROMTOOL: &str = "POSTLUDE_TEST_PROMTOOL";

/// Options of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Passed to `cargo nextest run` (or `cargo test`), for example `-p postlude-store` or a part of
    /// a test's name.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Runs the tests; true if all passed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let watch = run::Watch::start();
    let servers = Servers::start()?;
    let observers = run::stage("rotel and Prometheus", find_observers)?;
    let nextest = tools::on_path("cargo-nextest").is_some();

    run::stage("plugins", plugins::run)?;
    run::stage("build the tests", || {
        let mut command = command(nextest, options);
        // nextest refuses what governs a run beside `--no-run`.
        run::must(build_only(&mut command, options))
    })?;
    let name = if nextest {
        "tests (nextest)"
    } else {
        "tests (cargo test)"
    };
    let mut passed = run::stage(name, || {
        let mut command = command(nextest, options);
        command.args(&options.args);
        if let Some(server) = &servers.postgres {
            command.env(POSTGRES, server.url());
            command.env(POSTGRES_APP, server.app_url());
        }
        if let Some(server) = &servers.nats {
            command.env(NATS, server.url());
        }
        command.envs(observers.iter().map(|(name, path)| (name, path)));
        run::succeeds(&mut command)
    })?;
    if options.args.is_empty() {
        passed &= run::stage("the plugins' own tests", plugin_tests)?;
    }
    drop(servers);
    let word = if passed {
        "every test passed"
    } else {
        "TESTS FAILED"
    };
    println!("{word}; {} in all", run::seconds(watch.elapsed()));
    Ok(passed)
}

/// The tests that hand telemetry to somebody start these programs themselves.
fn find_observers() -> Result<Vec<(&'static str, PathBuf)>> {
    let mut found = Vec::new();
    for (name, find) in [
        (ROTEL, observers::rotel as fn() -> Result<PathBuf>),
        (PROMETHEUS, || observers::prometheus("prometheus")),
        (PROMTOOL, || observers::prometheus("promtool")),
    ] {
        if env::var_os(name).is_none() {
            found.push((name, find()?));
        }
    }
    for (_, path) in &found {
        println!("    {}", path.display());
    }
    Ok(found)
}

struct Servers {
    postgres: Option<Postgres>,
    nats: Option<Nats>,
}

impl Servers {
    fn start() -> Result<Self> {
        let postgres = run::stage("PostgreSQL", || {
            if env::var_os(POSTGRES).is_some() {
                println!("    as {POSTGRES} says");
                return Ok(None);
            }
            let bin = postgres::find_or_install()?;
            let server = Postgres::start(&bin, Care::Careless)?;
            println!("    {} at {}", postgres::version(&bin), server.url());
            Ok(Some(server))
        })?;
        let nats = run::stage("nats-server", || {
            if env::var_os(NATS).is_some() {
                println!("    as {NATS} says");
                return Ok(None);
            }
            let program = nats::find_or_fetch()?;
            let server = Nats::start(&program)?;
            let version = nats::version(&program).unwrap_or_default();
            println!("    nats-server {version} at {}", server.url());
            Ok(Some(server))
        })?;
        Ok(Self { postgres, nats })
    }
}

fn command(nextest: bool, options: &Options) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(repo::root());
    if nextest {
        command.args(["nextest", "run"]);
    } else {
        command.args(["test", "--no-fail-fast"]);
    }
    if !options.args.iter().any(|arg| selects_package(arg)) {
        command.arg("--workspace");
    }
    command
}

fn build_only<'a>(command: &'a mut Command, options: &Options) -> &'a mut Command {
    command.args(
        options
            .args
            .iter()
            .filter(|argument| !matches!(argument.as_str(), "--no-fail-fast" | "--fail-fast")),
    );
    command.arg("--no-run")
}

fn selects_package(argument: &str) -> bool {
    matches!(
        argument,
        "-p" | "--package" | "--workspace" | "--manifest-path"
    ) || argument.starts_with("--package=")
        || argument.starts_with("-ppostlude")
}

/// The plugins are a workspace of their own, whose target is wasm; their logic is tested natively.
fn plugin_tests() -> Result<bool> {
    let home = plugin_workspace();
    if !home.join("Cargo.toml").is_file() {
        println!("    there is no {}", home.display());
        return Ok(true);
    }
    run::succeeds(
        Command::new("cargo")
            .args(["test", "--quiet"])
            .current_dir(home),
    )
}

fn plugin_workspace() -> PathBuf {
    Path::new(&repo::root()).join("plugins")
}
