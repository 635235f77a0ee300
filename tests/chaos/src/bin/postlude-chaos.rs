//! Breaks a platform on purpose, row by row, and says what held.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use clap::Parser;
use postlude_chaos::rows::{self, Outcome, Row, Trial};
use postlude_kernel::{Clock as _, SystemClock};

/// Breaks a platform on purpose while clients write, and compares what they were told with what is
/// there.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask chaos")]
struct Options {
    /// Only these rows, by number or name.
    rows: Vec<String>,
    /// Decides what comes when; another one each time, if absent.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// About how long each row makes calls.
    #[arg(
        long,
        default_value_t = 1,
        value_name = "M",
        conflicts_with = "seconds"
    )]
    minutes: u64,
    /// The same in seconds.
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// The command line that is broken.
    #[arg(
        long,
        value_name = "FILE",
        env = "POSTLUDE_CHAOS_BINARY",
        hide_env = true
    )]
    binary: PathBuf,
    /// Lists the rows and runs none.
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<bool> {
    let chosen = choose(&options.rows)?;
    if options.list {
        for row in chosen {
            println!("{:>3}  {:<12} {}", row.number, row.name, row.about);
        }
        return Ok(true);
    }
    ensure!(
        options.binary.is_file(),
        "{} isn't built",
        options.binary.display()
    );
    let trial = Trial {
        binary: options.binary.clone(),
        seed: options.seed.unwrap_or_else(fresh_seed),
        time: Duration::from_secs(options.seconds.unwrap_or(options.minutes * 60)),
    };
    println!(
        "seed {}, {} s of calls for each row",
        trial.seed,
        trial.time.as_secs()
    );
    let mut sum = Outcome::default();
    let mut held = true;
    for row in chosen {
        println!("\n{:>3}  {}: {}", row.number, row.name, row.about);
        let outcome = row
            .run(&trial)
            .await
            .with_context(|| format!("row {}, {}", row.number, row.name))?;
        held &= tell(&outcome);
        sum.faults += outcome.faults;
        sum.verdict.add(outcome.verdict);
    }
    println!(
        "\nacknowledged {} writes: lost {}, doubled {}, faults {}, seed {}",
        sum.verdict.acknowledged,
        sum.verdict.lost.len(),
        sum.verdict.doubled.len(),
        sum.faults,
        trial.seed
    );
    Ok(held)
}

/// Another one each time.
fn fresh_seed() -> u64 {
    let (_, nanos) = SystemClock.now().to_seconds_nanos();
    u64::from(nanos.unsigned_abs()) ^ u64::from(std::process::id()).rotate_left(32)
}

/// Prints what came of a row; true if all held.
fn tell(outcome: &Outcome) -> bool {
    for figure in &outcome.figures {
        println!("     {figure}");
    }
    let verdict = &outcome.verdict;
    println!(
        "     acknowledged {}, lost {}, doubled {}, half done {}; faults {}{}",
        verdict.acknowledged,
        verdict.lost.len(),
        verdict.doubled.len(),
        verdict.half.len(),
        outcome.faults,
        outcome
            .worst_recovery
            .map(|time| format!(", worst recovery {} ms", time.as_millis()))
            .unwrap_or_default()
    );
    for finding in verdict.findings().iter().chain(&outcome.broken) {
        println!("     BROKEN  {finding}");
    }
    if outcome.holds() {
        println!("     holds");
    }
    outcome.holds()
}

fn choose(names: &[String]) -> anyhow::Result<Vec<&'static Row>> {
    let is = |row: &Row, name: &String| row.name == name || row.number.to_string() == *name;
    for name in names {
        ensure!(
            rows::ALL.iter().any(|row| is(row, name)),
            "there is no row `{name}`; --list tells them"
        );
    }
    let chosen = rows::ALL
        .iter()
        .filter(|row| names.is_empty() || names.iter().any(|name| is(row, name)));
    Ok(chosen.collect())
}
