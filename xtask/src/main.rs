//! `cargo xtask`: everything that is done to the project and isn't the project.
//!
//! Each command is one module. Nothing here is linked into the platform, and nothing of the platform
//! is linked in here, so that `cargo xtask` itself builds in seconds.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use postlude_xtask::{nats, observers, postgres, repo, run, tools};

mod bench;
mod chaos;
mod check;
mod cluster;
mod data;
mod plugins;
mod test;
mod up;

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Builds, runs, tests and checks Postlude"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds all, starts the platform, installs the plugin, tells the story, keeps running.
    Up(up::Options),
    /// Gets and starts what the tests need, then runs every test.
    Test(test::Options),
    /// Measures the platform beside what it stands on.
    Bench(bench::Options),
    /// Breaks a platform on purpose while clients write; compares what they were told with what is there.
    Chaos(chaos::Options),
    /// A process per service on PostgreSQL and NATS, on this machine: brings it up, tells how it is, takes
    /// it down.
    Cluster(cluster::Options),
    /// Checks format, lints, contracts, dependencies and the rules of ARCHITECTURE.md.
    Check(check::Options),
    /// Builds the guests, makes components of them, packs bundles into plugins/dist.
    Plugins,
    /// Makes the small data sets under tests/data again from their sources.
    Data(data::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = run::catch_signals().and_then(|()| match cli.command {
        Command::Up(options) => up::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Chaos(options) => chaos::run(&options),
        Command::Cluster(options) => cluster::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Plugins => plugins::run().map(|()| true),
        Command::Data(options) => data::run(&options),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
