//! `cargo xtask up`: from a bare clone to a running platform that has told its story.
//!
//! Does nothing that a user couldn't type: it builds, then speaks to the platform through the
//! `postlude` command line alone.

use std::{
    env, fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tempfile::TempDir;

use crate::{plugins, repo, run};

const TENANT: &str = "demo";
/// Options of `cargo xtask up`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Stops after the story, with the story's exit code.
    #[arg(long)]
    exit: bool,
    /// Keeps the platform's data in this folder. Without it the data is new, and deleted at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the gateway listens.
    #[arg(
        long,
        env = "POSTLUDE_GATEWAY__LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// Where operations listens.
    #[arg(long, env = "POSTLUDE_OPS__LISTEN", default_value = "127.0.0.1:9090")]
    ops: SocketAddr,
}

/// Starts the platform and tells the story; true if the story ended well.
pub(crate) fn run(options: &Options) -> Result<bool> {
    for (address, option) in [(options.listen, "--listen"), (options.ops, "--ops")] {
        if TcpListener::bind(address).is_err() {
            bail!(
                "{address} is taken, by another Postlude perhaps: stop it, or choose another address with {option}"
            );
        }
    }
    run::stage("plugins", plugins::run)?;
    run::stage("build", || {
        run::must(
            Command::new("cargo")
                // Over the whole workspace, so that dependencies get the features that the tests
                // build them with, and are built once.
                .args(["build", "--workspace", "--bin", "postlude"])
                .current_dir(repo::root()),
        )
    })?;
    let data = Data::choose(options.data.as_deref())?;
    let cli = Cli {
        program: repo::target().join("debug/postlude"),
        data: data.path().to_path_buf(),
        endpoint: format!("http://{}", options.listen),
    };
    let mut platform = run::stage("start", || Platform::start(&cli, options))?;
    let key = run::stage("tenant and key", || {
        cli.tenant()?;
        cli.key()
    })?;
    for bundle in plugins::shipped()? {
        let name = bundle.file_stem().unwrap_or_default().to_string_lossy();
        run::stage(&format!("install {name}"), || {
            run::must(cli.with_key(&key).args(["plugin", "install"]).arg(&bundle))
        })?;
    }
    println!("==> one order, told whole");
    // A debug build takes its time to compile the plugin that was just installed.
    let told = run::succeeds(cli.with_key(&key).args(["demo", "--patience", "180"]))?;
    println!(
        "\n{}",
        if told {
            "The story ended well."
        } else {
            "The story broke off: see above."
        }
    );
    if options.exit {
        return Ok(told);
    }
    println!("  gateway     {}", cli.endpoint);
    println!("  operations  http://{}/readyz", options.ops);
    println!("  data        {}", data.describe());
    println!("  tenant      {TENANT}");
    println!("  key         {key}");
    println!(
        "  try         POSTLUDE_API_KEY={key} {} plugin list",
        cli.program.display()
    );
    println!("Ctrl-C stops it.");
    platform.stay()?;
    Ok(told)
}

/// Where the platform keeps its data.
enum Data {
    Fresh(TempDir),
    Kept(PathBuf),
}

impl Data {
    fn choose(folder: Option<&Path>) -> Result<Self> {
        let Some(folder) = folder else {
            let fresh = tempfile::Builder::new().prefix("postlude-up-").tempdir()?;
            return Ok(Self::Fresh(fresh));
        };
        fs::create_dir_all(folder)?;
        Ok(Self::Kept(fs::canonicalize(folder)?))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Fresh(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Fresh(folder) => format!(
                "{} (deleted at the end; keep it with --data DIR)",
                folder.path().display()
            ),
            Self::Kept(folder) => folder.display().to_string(),
        }
    }
}

/// The command line of the platform.
struct Cli {
    program: PathBuf,
    data: PathBuf,
    endpoint: String,
}

impl Cli {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("POSTLUDE_DATA_DIR", &self.data)
            .env("POSTLUDE_ENDPOINT", &self.endpoint);
        command
    }

    fn with_key(&self, key: &str) -> Command {
        let mut command = self.command();
        command.env("POSTLUDE_API_KEY", key);
        command
    }

    fn tenant(&self) -> Result<()> {
        let output = run::capture(self.command().args(["tenant", "create", TENANT]))?;
        // On a folder that was used before, the tenant is there.
        if !output.success && !output.text.contains("TENANT_EXISTS") {
            bail!("`postlude tenant create {TENANT}` failed:\n{}", output.text);
        }
        Ok(())
    }

    fn key(&self) -> Result<String> {
        let mut command = self.command();
        command.args(["key", "create", "--output", "json", "--all-scopes"]);
        command.args(["--tenant", TENANT]);
        let text = run::stdout(&mut command)?;
        let answer: serde_json::Value =
            serde_json::from_str(&text).context("`postlude key create` printed no JSON")?;
        answer
            .get("secret")
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
            .context("`postlude key create` printed no secret")
    }
}

/// `postlude serve`. Dropping it stops it.
struct Platform(Child);

impl Platform {
    fn start(cli: &Cli, options: &Options) -> Result<Self> {
        let mut command = cli.command();
        command
            .arg("serve")
            .env("POSTLUDE_GATEWAY__LISTEN", options.listen.to_string())
            .env("POSTLUDE_OPS__LISTEN", options.ops.to_string());
        if env::var_os("POSTLUDE_LOG__LEVEL").is_none() {
            // The story is told on the same terminal.
            command.env("POSTLUDE_LOG__LEVEL", "warn");
        }
        // The story's payment system listens on this machine, where outgoing calls don't go
        // unless they are allowed to.
        if env::var_os("POSTLUDE_OUTGOING__ALLOWED_CIDRS").is_none() {
            command.env(
                "POSTLUDE_OUTGOING__ALLOWED_CIDRS",
                r#"["127.0.0.0/8", "::1/128"]"#,
            );
        }
        let mut platform = Self(run::spawn(&mut command)?);
        run::wait_until("the platform", Duration::from_secs(120), || {
            if let Some(status) = platform.0.try_wait()? {
                bail!("`postlude serve` ended ({status})");
            }
            Ok(run::is_ready(options.ops))
        })?;
        Ok(platform)
    }

    /// Waits until somebody asks to stop, or the platform ends by itself.
    fn stay(&mut self) -> Result<()> {
        while !run::is_stopped() {
            if let Some(status) = self.0.try_wait()? {
                bail!("`postlude serve` ended ({status})");
            }
            run::pause();
        }
        println!("stopping");
        Ok(())
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        run::stop(&mut self.0, Duration::from_secs(35));
    }
}
