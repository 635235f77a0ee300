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

/// A running server. Dropping it stops the server and deletes its data.
pub(crate) struct Postgres {
    bin: PathBuf,
    home: TempDir,
    port: u16,
    as_root: bool,
}

impl Postgres {
    /// The address for tests: a role that is no superuser and may create schemas in its database.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://postlude:postlude@127.0.0.1:{}/postlude",
            self.port
        )
    }

    /// Starts one with the programs in `bin`.
    pub(crate) fn start(bin: &Path) -> Result<Self> {
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
        };
        server.create()?;
        Ok(server)
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
        // The data lives as long as the run: waiting for disks would only slow the tests down.
        let options = format!(
            "-h 127.0.0.1 -p {} -c unix_socket_directories= -c fsync=off -c synchronous_commit=off \
             -c full_page_writes=off -c max_connections=400 -c shared_buffers=128MB",
            self.port
        );
        run::stdout(
            self.command("pg_ctl")
                .args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"])
                .arg(&data)
                .arg("--log")
                .arg(self.home.path().join("server.log"))
                .args(["--options", &options]),
        )
        .with_context(|| self.log())?;
        for statement in [
            "CREATE ROLE postlude LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'postlude'",
            "CREATE ROLE postlude_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'postlude'",
            "CREATE DATABASE postlude",
            "GRANT CREATE, CONNECT, TEMPORARY ON DATABASE postlude TO postlude",
        ] {
            run::stdout(
                Command::new(self.program("psql"))
                    .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
                    .args(["--host=127.0.0.1", &format!("--port={}", self.port)])
                    .args([
                        "--username",
                        ACCOUNT,
                        "--dbname=postgres",
                        "--command",
                        statement,
                    ]),
            )?;
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
        let stopped = run::stdout(
            self.command("pg_ctl")
                .args(["stop", "--mode=immediate", "--wait", "--silent", "--pgdata"])
                .arg(self.data()),
        );
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
pub(crate) fn find_or_install() -> Result<PathBuf> {
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
pub(crate) fn version(bin: &Path) -> String {
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
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")
        .context("no free port on 127.0.0.1")?
        .local_addr()?
        .port())
}
