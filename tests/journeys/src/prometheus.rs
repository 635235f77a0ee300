//! A Prometheus that scrapes a platform, and its checker.

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
};

use anyhow::{Context as _, ensure};
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

use crate::{apart::free_address, wait};

/// Where tests find Prometheus, and its checker.
const PROMETHEUS: &str = "POSTLUDE_TEST_PROMETHEUS";
const PROMTOOL: &str = "POSTLUDE_TEST_PROMTOOL";

/// A Prometheus at work. Dropping it ends it.
pub struct Prometheus {
    address: String,
    _child: Child,
}

impl Prometheus {
    /// Starts one that asks `targets` for `/metrics` every second.
    ///
    /// # Errors
    /// If it doesn't come up in time.
    pub async fn start(folder: &Path, targets: &[String]) -> anyhow::Result<Self> {
        let address = free_address().await?;
        let config = folder.join("prometheus.yml");
        let targets = serde_json::to_string(targets)?;
        fs::write(
            &config,
            format!(
                "global: {{scrape_interval: 1s}}\n\
                 scrape_configs: [{{job_name: postlude, static_configs: [{{targets: {targets}}}]}}]\n"
            ),
        )?;
        let child = Command::new(program(PROMETHEUS)?)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("prometheus").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("prometheus.log"))?)
            .kill_on_drop(true)
            .spawn()
            .context("Prometheus starts")?;
        let prometheus = Self {
            address,
            _child: child,
        };
        wait::until("Prometheus answers", async || {
            prometheus.ask("vector(1)").await.map(Some)
        })
        .await?;
        Ok(prometheus)
    }

    /// What an expression gives now: a line per series.
    ///
    /// # Errors
    /// If the expression is refused.
    pub async fn ask(&self, expression: &str) -> anyhow::Result<Vec<String>> {
        let server = format!("http://{}", self.address);
        let answer = Command::new(program(PROMTOOL)?)
            .args(["query", "instant", &server, expression])
            .output()
            .await?;
        ensure!(answer.status.success(), "{}", said(&answer));
        let text = String::from_utf8_lossy(&answer.stdout);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Waits until an expression gives something.
    ///
    /// # Errors
    /// If it doesn't in time.
    pub async fn sees(&self, expression: &str) -> anyhow::Result<Vec<String>> {
        wait::until(expression, async || {
            let series = self.ask(expression).await?;
            Ok::<_, anyhow::Error>((!series.is_empty()).then_some(series))
        })
        .await
    }
}

/// What `promtool check metrics` finds in a text; nothing if all is well.
///
/// # Errors
/// If it can't be run.
pub async fn check(metrics: &str) -> anyhow::Result<Vec<String>> {
    let mut child = Command::new(program(PROMTOOL)?)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = child.stdin.take().context("standard input")?;
    input.write_all(metrics.as_bytes()).await?;
    drop(input);
    let answer = child.wait_with_output().await?;
    Ok(said(&answer).lines().map(str::to_owned).collect())
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

fn program(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("run cargo xtask test or set {name}"))
}
