//! The platform as a process of its own, which a test may kill at any moment.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, ensure};
use postlude_testkit::{Database, Fresh};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use tonic::transport::{Channel, Endpoint};

use crate::{keys, shop::Shop, sink::Sink, wait, world};

/// The platform on one data folder, through as many lives as a test gives it.
pub struct Served {
    binary: PathBuf,
    fresh: Fresh,
    child: Child,
    /// Where the gateway of this life listens.
    pub address: String,
    /// A connection to it.
    pub channel: Channel,
}

impl Served {
    /// Starts `postlude serve` on a fresh database. `binary` is the command line's.
    ///
    /// # Errors
    /// If it doesn't say where it listens, in time.
    pub async fn start(binary: &str, database: Database) -> anyhow::Result<Self> {
        let fresh = world::fresh(database)?;
        let binary = PathBuf::from(binary);
        let (child, address) = serve(&binary, &fresh).await?;
        let channel = connect(&address).await?;
        Ok(Self {
            binary,
            fresh,
            child,
            address,
            channel,
        })
    }

    /// Kills the process with no warning, as a power cut would.
    ///
    /// # Errors
    /// If there is no process to kill.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("kill -9")
    }

    /// Starts it again on the same data.
    ///
    /// # Errors
    /// If it doesn't come back.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let (child, address) = serve(&self.binary, &self.fresh).await?;
        self.child = child;
        self.channel = connect(&address).await?;
        self.address = address;
        Ok(())
    }

    /// Makes a tenant and a key that may do everything but manage tenants, by the command line
    /// beside the running platform.
    ///
    /// # Errors
    /// If the command line refuses.
    pub async fn tenant(&self, tenant: &str) -> anyhow::Result<String> {
        self.run(&["tenant", "create", tenant], None).await?;
        let mut arguments = vec!["--output", "json", "key", "create", "--tenant", tenant];
        let scopes = keys::all_but_platform();
        for scope in &scopes {
            arguments.extend(["--scope", *scope]);
        }
        let printed = self.run(&arguments, None).await?;
        keys::secret(&printed).with_context(|| format!("no key in {printed}"))
    }

    /// Clients that carry a key, over this life's connection. Refunds go to `sink`.
    ///
    /// # Errors
    /// If the settings are refused.
    pub async fn shop(&self, key: &str, sink: &Sink) -> anyhow::Result<Shop> {
        let shop = Shop::new(&self.channel, key)?;
        keys::refunds_go_to(&shop, sink).await?;
        Ok(shop)
    }

    /// Runs another command of the command line to its end and gives what it printed.
    ///
    /// # Errors
    /// If it fails; the error has what it said.
    pub async fn run(&self, arguments: &[&str], key: Option<&str>) -> anyhow::Result<String> {
        let done = self.command(arguments, key).output().await?;
        ensure!(
            done.status.success(),
            "postlude {arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Another command of the command line, against this platform, not started yet.
    #[must_use]
    pub fn command(&self, arguments: &[&str], key: Option<&str>) -> Command {
        let mut command = command(&self.binary, &self.fresh);
        command
            .args(arguments)
            .env("POSTLUDE_ENDPOINT", format!("http://{}", self.address));
        if let Some(key) = key {
            command.env("POSTLUDE_API_KEY", key);
        }
        command
    }

    /// Where the data is.
    #[must_use]
    pub const fn fresh(&self) -> &Fresh {
        &self.fresh
    }
}

/// A connection to a gateway.
///
/// # Errors
/// If nothing listens there.
pub async fn connect(address: &str) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    endpoint.connect().await.context("the gateway answers")
}

fn command(binary: &Path, fresh: &Fresh) -> Command {
    let mut command = Command::new(binary);
    command
        .envs(world::settings(fresh))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Starts serving and reads where the gateway listens from what it prints.
async fn serve(binary: &Path, fresh: &Fresh) -> anyhow::Result<(Child, String)> {
    let mut child = command(binary, fresh)
        .arg("serve")
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("{} starts", binary.display()))?;
    let printed = child.stdout.take().context("standard output")?;
    let mut lines = BufReader::new(printed).lines();
    let address = tokio::time::timeout(wait::DEADLINE, async {
        while let Some(line) = lines.next_line().await? {
            if line.contains("gateway")
                && let Some(address) = address_in(&line)
            {
                return Ok(address);
            }
        }
        anyhow::bail!("the platform ended before it listened")
    })
    .await
    .context("the platform said no address in time")??;
    // What it prints later has a reader, so that it never stops at a full pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, address))
}

/// The address in a line: `gateway  http://127.0.0.1:8080`.
fn address_in(line: &str) -> Option<String> {
    let start = line.find("127.0.0.1:")?;
    let address: String = line
        .get(start..)?
        .chars()
        .take_while(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ':'))
        .collect();
    Some(address)
}
