//! What the platform costs beside what it stands on: each figure with its floor, measured in one run.
//!
//! One module per figure. Run by `cargo xtask bench`, which builds everything optimised and prints the
//! table; here each figure is a line of JSON.

mod create_return;
mod figure;
mod floor;
mod import;
mod life_cycle;
mod pass_through;
mod start;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

use self::figure::Figure;

#[derive(Debug, Parser)]
struct Options {
    /// Only these figures; all, if none is named.
    names: Vec<String>,
    /// The optimised command line.
    #[arg(long)]
    binary: PathBuf,
    /// Lists the figures and measures none.
    #[arg(long)]
    list: bool,
}

/// What can be measured.
const ALL: [(&str, &str); 8] = [
    (
        "start",
        "from the process to the first call, everything in one process",
    ),
    ("memory", "of everything in one process, with nothing to do"),
    (
        "pass-through",
        "a read through the gateway beside the same read from the service",
    ),
    (
        "import",
        "orders streamed in beside a bare batched insert of the same rows",
    ),
    (
        "create-return-sqlite",
        "CreateReturn through the gateway beside its statements issued bare",
    ),
    ("create-return-postgres", "the same on PostgreSQL"),
    (
        "life-sqlite",
        "whole lives of returns at 1, 8 and 32 clients, everything in one process",
    ),
    (
        "life-postgres",
        "the same, a process per service on PostgreSQL and NATS",
    ),
];

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    if options.list {
        for (name, about) in ALL {
            println!("{name:<24} {about}");
        }
        return Ok(());
    }
    let wanted = |name: &str| {
        options.names.is_empty() || options.names.iter().any(|wanted| name.starts_with(wanted))
    };
    for (name, about) in ALL.iter().filter(|(name, _)| wanted(name)) {
        eprintln!("    {name}: {about}");
        for figure in measure(name, options).await? {
            println!("{}", figure.json());
        }
    }
    Ok(())
}

async fn measure(name: &str, options: &Options) -> anyhow::Result<Vec<Figure>> {
    use postlude_testkit::Database::{Postgres, Sqlite};
    match name {
        "start" => start::start(&options.binary),
        "memory" => start::memory(&options.binary),
        "pass-through" => Box::pin(pass_through::measure(&options.binary)).await,
        "import" => Box::pin(import::measure()).await,
        "create-return-sqlite" => Box::pin(create_return::measure(Sqlite)).await,
        "create-return-postgres" => Box::pin(create_return::measure(Postgres)).await,
        "life-sqlite" => Box::pin(life_cycle::together(&options.binary)).await,
        "life-postgres" => Box::pin(life_cycle::apart(&options.binary)).await,
        _ => Ok(Vec::new()),
    }
}
