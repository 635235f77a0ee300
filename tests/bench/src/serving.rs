//! `postlude serve` as a process, stopped when it is dropped.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use postlude_xtask::run;

/// The platform in one process.
pub(crate) struct Serving {
    child: Child,
    /// Where its gateway listens.
    pub(crate) gateway: String,
}

impl Serving {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(binary: &Path, settings: &[(String, String)]) -> anyhow::Result<Self> {
        let mut child = Command::new(binary)
            .arg("serve")
            .env("POSTLUDE_GATEWAY__LISTEN", "127.0.0.1:0")
            .env("POSTLUDE_OPS__LISTEN", "127.0.0.1:0")
            .env("POSTLUDE_LOG__LEVEL", "warn")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}", binary.display()))?;
        let printed = child.stdout.take().context("standard output")?;
        let mut gateway = None;
        for line in BufReader::new(printed).lines() {
            let line = line?;
            if let Some(address) = line.strip_prefix("gateway") {
                gateway = address.trim().strip_prefix("http://").map(str::to_owned);
            }
            if line.contains("ready;") {
                let gateway = gateway.context("the gateway's address")?;
                return Ok(Self { child, gateway });
            }
        }
        anyhow::bail!("the platform ended before it was ready")
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        run::stop(&mut self.child, Duration::from_secs(30));
    }
}
