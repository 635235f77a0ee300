//! The platform's command line, built together with the tests that kill it, so that none of them
//! meets an older one.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    postlude::cli::Cli::parse().run().await
}
