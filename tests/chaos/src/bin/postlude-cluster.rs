//! Owns a cluster on this machine until it is asked to stop, and writes down what it has started.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;
use postlude_chaos::cluster::{Cluster, Options};
use postlude_journeys::{bundles, keys};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

const TENANT: &str = "demo";

/// Starts PostgreSQL, NATS and every service, and stays.
#[derive(Debug, Parser)]
#[command(name = "postlude-cluster")]
struct Arguments {
    /// The command line that serves.
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// Where to write down what runs; it goes away with the cluster.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Processes of each service.
    #[arg(long, default_value_t = 2)]
    replicas: usize,
    /// Where the gateway listens.
    #[arg(long)]
    listen: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    let mut asked = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let cluster = tokio::select! {
        started = start(&arguments) => started?,
        _ = asked.recv() => return Ok(false),
        _ = interrupted.recv() => return Ok(false),
    };
    tokio::select! {
        _ = asked.recv() => {}
        _ = interrupted.recv() => {}
    }
    let well = cluster.stop().await?;
    std::fs::remove_file(&arguments.state)?;
    Ok(well)
}

async fn start(arguments: &Arguments) -> anyhow::Result<Cluster> {
    let mut options = Options::new(&arguments.binary).replicas(arguments.replicas);
    options.gateway = Some(arguments.listen.clone());
    options.settings = vec![("POSTLUDE_LOG__LEVEL".to_owned(), "info".to_owned())];
    let cluster = Cluster::start(options).await?;
    let shop = cluster.tenant_of(TENANT, &keys::all_but_platform()).await?;
    bundles::install_standard_returns(&shop)
        .await
        .context("installing standard-returns")?;
    let processes: Vec<_> = cluster
        .apart
        .processes()
        .into_iter()
        .map(|process| {
            json!({
                "service": process.part.name(),
                "replica": process.number,
                "pid": process.pid.unwrap_or_default(),
                "address": process.address,
                "operations": process.operations,
            })
        })
        .collect();
    let state = json!({
        "pid": std::process::id(),
        "gateway": cluster.endpoint(),
        "tenant": TENANT,
        "key": shop.key,
        "postgres": cluster.postgres.url(),
        "nats": cluster.nats.url(),
        "logs": cluster.logs(),
        "processes": processes,
    });
    // Whoever reads it finds all of it.
    let draft = arguments.state.with_extension("draft");
    std::fs::write(&draft, serde_json::to_string_pretty(&state)?)?;
    std::fs::rename(&draft, &arguments.state)?;
    Ok(cluster)
}
