//! `postlude serve` and `postlude migrate`.

use std::collections::BTreeSet;

use anyhow::Context as _;
use clap::Args;
use postlude_chassis::{
    config::Config,
    telemetry::{self, Telemetry},
};
use serde_json::json;

use super::{
    ConfigArgs, Usage,
    output::{self, Output},
};
use crate::platform::{self, GRACE, Part, Platform, Surroundings};

/// Which parts run, and how.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Run these parts alone: orders, returns, plugin-registry, gateway.
    #[arg(long, value_name = "SVC", value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    config: ConfigArgs,
    /// Print the compiled-in settings with their comments, and stop.
    #[arg(long)]
    print_defaults: bool,
}

/// Which parts are migrated.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Migrate these parts alone.
    #[arg(long, value_name = "SVC", value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl ConfigArgs {
    /// The configuration as a serving process sees it.
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        Ok(platform::load_config(
            self.config.as_deref(),
            std::env::vars(),
        )?)
    }
}

impl Serve {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        if self.print_defaults {
            output::line(platform::defaults().trim_end());
            return Ok(());
        }
        let only = parts(&self.only)?;
        let config = self.config.load()?;
        let telemetry = telemetry::init(
            &config.platform.log,
            &config.platform.telemetry,
            &process_name(&only),
        )?;
        let served = serve(output, &config, only, &telemetry).await;
        telemetry.end().await;
        served
    }
}

/// A process that runs one part has its name.
fn process_name(only: &BTreeSet<Part>) -> String {
    match only.first() {
        Some(part) if only.len() == 1 => format!("postlude-{}", part.name()),
        Some(_) | None => "postlude".to_owned(),
    }
}

async fn serve(
    output: Output,
    config: &Config,
    only: BTreeSet<Part>,
    telemetry: &Telemetry,
) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let around = Surroundings {
        only,
        log_level: Some(telemetry.log_level.clone()),
        ..Surroundings::default()
    };
    let platform = tokio::select! {
        started = Platform::start(config, around) => started?,
        () = signals.stop() => return Ok(()),
    };
    announce(output, &platform);
    signals.stop().await;
    output::note("stopping");
    // Somebody who asks twice doesn't want to wait.
    let clean = tokio::select! {
        clean = platform.stop(GRACE) => clean,
        () = signals.stop() => false,
    };
    output::note(if clean {
        "stopped"
    } else {
        "stopped; what was still running was cut off and goes on at the next start"
    });
    Ok(())
}

impl Migrate {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        let around = Surroundings {
            only: parts(&self.only)?,
            ..Surroundings::default()
        };
        let config = self.config.load()?;
        platform::migrate(&config, &around).await?;
        let migrated: Vec<_> = Part::ALL
            .into_iter()
            .filter(|part| around.only.is_empty() || around.only.contains(part))
            .map(Part::name)
            .collect();
        output.print(&json!({ "migrated": migrated }), || {
            format!("up to date: {}", migrated.join(", "))
        });
        Ok(())
    }
}

fn parts(names: &[String]) -> anyhow::Result<BTreeSet<Part>> {
    names
        .iter()
        .map(|name| {
            Part::parse(name.trim()).ok_or_else(|| {
                Usage(format!(
                    "--only {name}: there is no part of that name; there is {}",
                    Part::names()
                ))
                .into()
            })
        })
        .collect()
}

fn announce(output: Output, platform: &Platform) {
    let services: serde_json::Map<_, _> = platform
        .service_addresses()
        .iter()
        .map(|(part, address)| (part.name().to_owned(), json!(address.to_string())))
        .collect();
    let json = json!({
        "ready": true,
        "gateway": platform.gateway_address().map(|address| format!("http://{address}")),
        "operations": platform.ops_address().map(|address| format!("http://{address}")),
        "services": services,
    });
    output.print(&json, || {
        let mut text = Vec::new();
        if let Some(address) = platform.gateway_address() {
            text.push(format!("gateway     http://{address}"));
        }
        if let Some(address) = platform.ops_address() {
            text.push(format!("operations  http://{address}/readyz"));
        }
        for (part, address) in platform.service_addresses() {
            text.push(format!("{:<11} http://{address}", part.name()));
        }
        text.push("ready; Ctrl-C stops it".to_owned());
        if platform.gateway_address().is_some() {
            text.push(
                "next: postlude tenant create ID, then postlude key create --tenant ID --all-scopes"
                    .to_owned(),
            );
        }
        text.join("\n")
    });
}

/// The ways in which a process is asked to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .context("SIGTERM can't be listened for")?,
        })
    }

    async fn stop(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
