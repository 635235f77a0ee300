//! `postlude`: the platform and its command line.

use std::process::ExitCode;

use clap::Parser as _;
use postlude::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(cli.run());
            // What still blocks a thread (a plugin's call, a file) doesn't keep the process.
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            code
        }
        Err(error) => {
            eprintln!("error: no threads to work on: {error}");
            ExitCode::FAILURE
        }
    }
}
