//! A PostgreSQL of our own for a test run: found or installed, started on a free port on a fresh
//! folder, stopped and deleted at the end.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::{run, tools};

/// The account that runs the server when we are root, who may not.
const ACCOUNT: &str = "postgres";

/// What a server does for what it has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Waits for the disk, as in production.
    Durable,
    /// Waits for nothing: the data lives as long as a test run.
    Careless,
}

/// A running server. Dropping it stops the server and deletes its data.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    home: TempDir,
    port: u16,
    as_root: bool,
    care: Care,
}

impl Postgres {
    /// The address for tests: a role that is no superuser and may create schemas in its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postlude")
    }

    /// The address as a role that owns nothing.
    #[must_use]
    pub fn app_url(&self) -> String {
        self.url_of("postlude_app")
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    fn url_of(&self, role: &str) -> String {
        format!(
            "postgres://{role}:postlude@127.0.0.1:{}/postlude",
            self.port
        )
    }

    /// Starts one with the programs in `bin`.
    ///
    /// # Errors
    /// If it doesn't start; the error has its log.
    pub fn start(bin: &Path, care: Care) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("postlude-pg-").tempdir()?;
        let as_root = tools::is_root();
        if as_root {
            if !run::capture(Command::new("id").args(["-u", ACCOUNT]))?.success {
                bail!(
                    "PostgreSQL refuses to run as root and there is no account `{ACCOUNT}`; create one or run as another user"
                );
            }
            run::stdout(Command::new("chown").arg(ACCOUNT).arg(home.path()))?;
        }
        let server = Self {
            bin: bin.to_path_buf(),
            home,
            port: free_port()?,
            as_root,
            care,
        };
        server.create()?;
        Ok(server)
    }

    /// Starts it on the data that is there, at the same address.
    ///
    /// # Errors
    /// If it doesn't start; the error has its log.
    pub fn start_again(&self) -> Result<()> {
        let care = match self.care {
            Care::Durable => "",
            Care::Careless => "-c fsync=off -c synchronous_commit=off -c full_page_writes=off",
        };
        let options = format!(
            "-h 127.0.0.1 -p {} -c unix_socket_directories= -c max_connections=400 \
             -c shared_buffers=128MB {care}",
            self.port
        );
        run::stdout(
            self.command("pg_ctl")
                .args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"])
                .arg(self.data())
                .arg("--log")
                .arg(self.home.path().join("server.log"))
                .args(["--options", &options]),
        )
        .with_context(|| self.log())
        .map(drop)
    }

    /// Its first process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Stops it at once, as a crash would: nothing is finished and nothing is written.
    ///
    /// # Errors
    /// If it can't be stopped.
    pub fn stop_at_once(&self) -> Result<()> {
        run::stdout(
            self.command("pg_ctl")
                .args(["stop", "--mode=immediate", "--wait", "--silent", "--pgdata"])
                .arg(self.data()),
        )
        .map(drop)
    }

    /// What a statement answers in the platform's database, as a superuser: a line per row, columns
    /// with `|` between them.
    ///
    /// # Errors
    /// If it fails.
    pub fn ask(&self, statement: &str) -> Result<String> {
        self.psql("postlude", statement)
    }

    fn psql(&self, database: &str, statement: &str) -> Result<String> {
        run::stdout(
            Command::new(self.program("psql"))
                .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
                .arg("--set=ON_ERROR_STOP=1")
                .args(["--host=127.0.0.1", &format!("--port={}", self.port)])
                .args(["--username", ACCOUNT, "--dbname", database])
                .args(["--command", statement]),
        )
    }

    fn create(&self) -> Result<()> {
        let data = self.data();
        run::stdout(
            self.command("initdb")
                .args([
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--no-locale",
                    "--no-sync",
                ])
                .args(["--username", ACCOUNT, "--pgdata"])
                .arg(&data),
        )?;
        self.start_again()?;
        for statement in [
            "CREATE ROLE postlude LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'postlude'",
            "CREATE ROLE postlude_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'postlude'",
            "CREATE DATABASE postlude",
            "GRANT CREATE, CONNECT, TEMPORARY ON DATABASE postlude TO postlude",
        ] {
            self.psql("postgres", statement)?;
        }
        Ok(())
    }

    /// `pg_ctl` and friends, as the account that may run them.
    fn command(&self, program: &str) -> Command {
        let program = self.program(program);
        let mut command = if self.as_root {
            let mut command = Command::new("runuser");
            command.args(["-u", ACCOUNT, "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // Ours may be a folder that the account can't enter.
        command.current_dir(self.home.path());
        command
    }

    fn program(&self, name: &str) -> PathBuf {
        let beside = self.bin.join(name);
        if beside.is_file() {
            beside
        } else {
            PathBuf::from(name)
        }
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.home.path().join("server.log")).unwrap_or_default();
        format!("PostgreSQL did not start; its log:\n{log}")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = self.stop_at_once();
        if let Err(error) = stopped
            && self.data().join("postmaster.pid").exists()
        {
            eprintln!(
                "warning: PostgreSQL on port {} still runs: {error:#}",
                self.port
            );
        }
    }
}

/// The folder with `initdb` and `pg_ctl`: found, or installed where we may.
pub fn find_or_install() -> Result<PathBuf> {
    if let Some(bin) = find() {
        return Ok(bin);
    }
    if tools::may_install() {
        tools::apt_install(&["postgresql"])?;
        if let Some(bin) = find() {
            return Ok(bin);
        }
    }
    bail!(
        "PostgreSQL's `initdb` and `pg_ctl` were not found: install PostgreSQL 14 or newer \
         (Debian, Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql`), \
         or set POSTLUDE_TEST_POSTGRES_URL to a database of your own"
    )
}

/// What `postgres --version` says.
pub fn version(bin: &Path) -> String {
    run::stdout(Command::new(bin.join("pg_ctl")).arg("--version"))
        .unwrap_or_default()
        .trim()
        .replace("pg_ctl (PostgreSQL)", "PostgreSQL")
}

fn find() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = tools::on_path("initdb")
        .and_then(|path| path.parent().map(Path::to_path_buf))
        .into_iter()
        .collect();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.push(PathBuf::from("/usr/local/bin"));
    folders.push(PathBuf::from("/usr/local/pgsql/bin"));
    folders
        .into_iter()
        .find(|bin| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file())
}

/// A port that is free now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")
        .context("no free port on 127.0.0.1")?
        .local_addr()?
        .port())
}
