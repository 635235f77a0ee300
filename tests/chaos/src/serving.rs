//! Everything in one process, as `postlude serve` starts it; it may be killed and started again.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use postlude_journeys::{Shop, keys, process, sink::Sink};
use postlude_xtask::run;

/// How long it may take to end.
const GRACE: Duration = Duration::from_secs(30);

/// The platform in one process. Dropping it stops it.
pub struct Serving {
    binary: PathBuf,
    settings: Vec<(String, String)>,
    child: Child,
    /// Where its gateway listens.
    pub gateway: String,
}

impl Serving {
    /// Starts it with these environment variables and waits until it is ready. It listens anywhere,
    /// unless they say where.
    ///
    /// # Errors
    /// If it doesn't become ready.
    pub fn start(binary: &Path, settings: &[(String, String)]) -> anyhow::Result<Self> {
        let (child, gateway) = serve(binary, settings)?;
        Ok(Self {
            binary: binary.to_path_buf(),
            settings: settings.to_vec(),
            child,
            gateway,
        })
    }

    /// Settings for a load on SQLite in `folder`, refunds to this machine; the gateway keeps one port
    /// over restarts.
    ///
    /// # Errors
    /// If no port is free.
    pub fn settings(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
        let port = postlude_xtask::postgres::free_port()?;
        let settings = [
            ("POSTLUDE_DATA_DIR", folder.display().to_string()),
            ("POSTLUDE_GATEWAY__LISTEN", format!("127.0.0.1:{port}")),
            (
                "POSTLUDE_OUTGOING__ALLOWED_CIDRS",
                r#"["127.0.0.0/8"]"#.to_owned(),
            ),
            // A load is one key's; what one retailer may ask for isn't the question here.
            ("POSTLUDE_GATEWAY__RATE_PER_SECOND", "1000000".to_owned()),
            ("POSTLUDE_GATEWAY__RATE_BURST", "1000000".to_owned()),
        ];
        Ok(settings
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec())
    }

    /// A new tenant, made by the command line beside the running platform; its key may do everything
    /// but manage tenants and its refunds go to `sink`.
    ///
    /// # Errors
    /// If the command line or the platform refuses.
    pub async fn tenant(&self, tenant: &str, sink: &Sink) -> anyhow::Result<Shop> {
        self.command(&["tenant", "create", tenant])?;
        let mut arguments = vec!["--output", "json", "key", "create", "--tenant", tenant];
        let scopes = keys::all_but_platform();
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", *scope]));
        let key = keys::secret(&self.command(&arguments)?).context("a key")?;
        let shop = Shop::new(&process::connect(&self.gateway).await?, &key)?;
        keys::refunds_go_to(&shop, sink).await?;
        Ok(shop)
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        let done = Command::new(&self.binary)
            .args(arguments)
            .envs(settings)
            .output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "postlude {arguments:?}: {said}");
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with no warning and starts it again on the same data.
    ///
    /// # Errors
    /// If it can't be killed, or doesn't come back.
    pub fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        (self.child, self.gateway) = serve(&self.binary, &self.settings)?;
        Ok(())
    }
}

fn serve(binary: &Path, settings: &[(String, String)]) -> anyhow::Result<(Child, String)> {
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
            return Ok((child, gateway.context("the gateway's address")?));
        }
    }
    anyhow::bail!("the platform ended before it was ready")
}

impl Drop for Serving {
    fn drop(&mut self) {
        run::stop(&mut self.child, GRACE);
    }
}
