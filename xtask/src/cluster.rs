//! `cargo xtask cluster`: PostgreSQL, NATS and two replicas of each service, left running.
//!
//! A supervisor owns the processes (`postlude-cluster`, in `tests/chaos`); it outlives this command and
//! writes down what it has started. Everything goes away with it, data included.

use std::{
    fs,
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::{chaos, plugins, repo, run};

/// Options of `cargo xtask cluster`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Builds, starts everything and returns once it takes calls.
    Up(Up),
    /// Says of each process whether it is ready.
    Status,
    /// Drains and stops every process; deletes the data.
    Down,
}

#[derive(Debug, Args)]
struct Up {
    /// An optimised build; takes minutes to build.
    #[arg(long)]
    release: bool,
    /// Processes of each service.
    #[arg(long, default_value_t = 2, value_name = "N")]
    replicas: usize,
    /// Where the gateway listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

/// What the supervisor has written down.
#[derive(Debug, Deserialize)]
struct State {
    pid: u32,
    gateway: String,
    tenant: String,
    key: String,
    postgres: String,
    nats: String,
    logs: PathBuf,
    processes: Vec<Process>,
}

#[derive(Debug, Deserialize)]
struct Process {
    service: String,
    replica: usize,
    pid: u32,
    address: String,
    operations: SocketAddr,
}

/// Does what was asked; true if all is well.
pub(crate) fn run(options: &Options) -> Result<bool> {
    match &options.action {
        Action::Up(wanted) => up(wanted),
        Action::Status => match running()? {
            Some(state) => Ok(tell(&state)),
            None => {
                println!("no cluster is up; `cargo xtask cluster up` starts one");
                Ok(false)
            }
        },
        Action::Down => down(),
    }
}

fn folder() -> PathBuf {
    repo::target().join("cluster")
}

/// The cluster that is up; what a supervisor that was killed has left behind is none.
fn running() -> Result<Option<State>> {
    let file = folder().join("cluster.json");
    let Ok(text) = fs::read_to_string(&file) else {
        return Ok(None);
    };
    let state: State =
        serde_json::from_str(&text).with_context(|| format!("{}", file.display()))?;
    if !is_alive(state.pid) {
        fs::remove_file(&file)?;
        return Ok(None);
    }
    Ok(Some(state))
}

fn is_alive(pid: u32) -> bool {
    Command::new("kill")
        .args(["-0", &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn up(wanted: &Up) -> Result<bool> {
    if let Some(state) = running()? {
        println!("a cluster is up already:");
        return Ok(tell(&state));
    }
    run::stage("plugins", plugins::run)?;
    let programs = chaos::build(wanted.release)?;
    fs::create_dir_all(folder())?;
    let log = folder().join("supervisor.log");
    let state = run::stage("start", || {
        let output = fs::File::create(&log)?;
        let mut supervisor = Command::new(programs.join("postlude-cluster"))
            .arg("--binary")
            .arg(programs.join("postlude"))
            .arg("--state")
            .arg(folder().join("cluster.json"))
            .args(["--replicas", &wanted.replicas.to_string()])
            .args(["--listen", &wanted.listen.to_string()])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // A group of its own: Ctrl-C here is not for it.
            .process_group(0)
            .spawn()
            .context("the supervisor doesn't start")?;
        let mut found = None;
        let waited = run::wait_until("the cluster", Duration::from_secs(180), || {
            if let Some(status) = supervisor.try_wait()? {
                let said = fs::read_to_string(&log).unwrap_or_default();
                bail!("it ended ({status}):\n{said}");
            }
            found = running()?;
            Ok(found.is_some())
        });
        if waited.is_err() {
            run::stop(&mut supervisor, Duration::from_secs(40));
        }
        waited?;
        found.context("the supervisor's notes")
    })?;
    let ready = tell(&state);
    println!("\n  stop it     cargo xtask cluster down");
    Ok(ready)
}

fn down() -> Result<bool> {
    let Some(state) = running()? else {
        println!("no cluster is up");
        return Ok(true);
    };
    run::stage("stop", || {
        run::must(Command::new("kill").args(["-TERM", &state.pid.to_string()]))?;
        run::wait_until("its end", Duration::from_secs(60), || {
            Ok(!is_alive(state.pid))
        })
    })?;
    Ok(true)
}

/// Prints what is there; true if all of it is ready.
fn tell(state: &State) -> bool {
    println!(
        "{:<16} {:>7} {:>8}  {:<22} {:<22} state",
        "service", "replica", "process", "gRPC", "operations"
    );
    let mut all = true;
    for process in &state.processes {
        let word = match (is_alive(process.pid), run::is_ready(process.operations)) {
            (true, true) => "ready",
            (true, false) => "not ready",
            (false, _) => "gone",
        };
        all &= word == "ready";
        println!(
            "{:<16} {:>7} {:>8}  {:<22} {:<22} {word}",
            process.service,
            process.replica,
            process.pid,
            process.address,
            process.operations.to_string()
        );
    }
    println!("\n  gateway     {}", state.gateway);
    println!("  PostgreSQL  {}", state.postgres);
    println!("  NATS        {}", state.nats);
    println!("  logs        {}", state.logs.display());
    println!("  tenant      {}", state.tenant);
    println!("  key         {}", state.key);
    println!(
        "  try         POSTLUDE_ENDPOINT={} POSTLUDE_API_KEY={} postlude demo",
        state.gateway, state.key
    );
    all
}
