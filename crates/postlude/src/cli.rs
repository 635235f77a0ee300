//! The command line: what people type, and nothing that a program couldn't do through the gateway.
//!
//! One file per command. Printing is `output`'s, talking to a platform is `client`'s; starting one
//! is [`platform`](crate::platform)'s.

mod admin;
mod bench;
pub(crate) mod client;
mod deadletters;
mod demo;
mod import;
mod orders;
mod output;
mod plugin;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use self::output::Output;

/// The platform for everything that happens after a retail checkout.
#[derive(Debug, Parser)]
#[command(name = "postlude", version, about, max_term_width = 100)]
pub struct Cli {
    /// How data is printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the platform: every service and the gateway, or some of them.
    Serve(serve::Serve),
    /// Migrate the database and stop: a job before a roll-out.
    Migrate(serve::Migrate),
    /// Manage tenants.
    #[command(subcommand)]
    Tenant(admin::TenantCommand),
    /// Manage API keys.
    #[command(subcommand)]
    Key(admin::KeyCommand),
    /// Bring data in.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Look at orders.
    #[command(subcommand)]
    Orders(orders::OrdersCommand),
    /// Tell one order's story against a running platform, step by step.
    Demo(demo::Demo),
    /// Upload, install and explain plugins.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Events that could not be handled.
    #[command(subcommand)]
    Deadletters(deadletters::DeadLettersCommand),
    /// Measure a running platform.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
}

/// Where the platform's settings come from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigArgs {
    /// Settings over the compiled-in defaults; POSTLUDE_… variables go over both.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// A command line that can't be carried out as it is written: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

impl Cli {
    /// Carries the command out. Data goes to standard output, errors to standard error.
    pub async fn run(self) -> ExitCode {
        let output = self.output;
        let done = match self.command {
            Command::Serve(command) => command.run(output).await,
            Command::Migrate(command) => command.run(output).await,
            Command::Tenant(command) => command.run(output).await,
            Command::Key(command) => command.run(output).await,
            Command::Import(command) => command.run(output).await,
            Command::Orders(command) => command.run(output).await,
            Command::Demo(command) => command.run(output).await,
            Command::Plugin(command) => command.run(output).await,
            Command::Deadletters(command) => command.run(output).await,
            Command::Bench(command) => command.run(output).await,
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                output::error(&error);
                if error.is::<Usage>() {
                    ExitCode::from(2)
                } else {
                    ExitCode::FAILURE
                }
            }
        }
    }
}
