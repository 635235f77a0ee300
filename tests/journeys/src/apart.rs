//! The platform in one process per service, on PostgreSQL and JetStream, each of which a test may kill.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use postlude::Part;
use postlude_testkit::Fresh;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

use crate::{wait, world};

/// Where tests find nats-server.
const NATS_URL: &str = "POSTLUDE_TEST_NATS_URL";

/// One process per replica of each service, and one for the gateway.
pub struct Apart {
    binary: PathBuf,
    settings: Vec<(String, String)>,
    logs: Option<PathBuf>,
    gateway: String,
    replicas: BTreeMap<(Part, usize), Replica>,
}

/// What is started, and how.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The command line.
    pub binary: PathBuf,
    /// Environment variables that all processes share.
    pub settings: Vec<(String, String)>,
    /// Processes of each service; of the gateway there is one.
    pub replicas: usize,
    /// A folder for a log of each process; without it they log where we do.
    pub logs: Option<PathBuf>,
    /// Where the gateway listens; anywhere, if absent.
    pub gateway: Option<String>,
}

/// A process as it runs now.
#[derive(Debug, Clone)]
pub struct Process {
    /// What it serves.
    pub part: Part,
    /// Which of the replicas.
    pub number: usize,
    /// Its id; none once it has been killed.
    pub pid: Option<u32>,
    /// Where it listens.
    pub address: String,
    /// Where its operations server listens.
    pub operations: String,
}

struct Replica {
    address: String,
    operations: String,
    child: Child,
}

impl Apart {
    /// Starts `replicas` processes of each service, and a gateway in front of them.
    ///
    /// # Errors
    /// If one of them doesn't listen in time.
    pub async fn start(fresh: &Fresh, replicas: usize) -> anyhow::Result<Self> {
        Self::start_with(fresh, replicas, Vec::new()).await
    }

    /// The same with further environment variables.
    ///
    /// # Errors
    /// If one of them doesn't listen in time.
    pub async fn start_with(
        fresh: &Fresh,
        replicas: usize,
        more: Vec<(String, String)>,
    ) -> anyhow::Result<Self> {
        let nats = std::env::var(NATS_URL)
            .with_context(|| format!("run cargo xtask test or set {NATS_URL}"))?;
        let mut settings = world::settings(fresh);
        settings.extend([
            ("POSTLUDE_NATS__URL".to_owned(), nats),
            (
                "POSTLUDE_NATS__PREFIX".to_owned(),
                fresh.prefix().to_owned(),
            ),
            ("POSTLUDE_NATS__ACK_WAIT_SECONDS".to_owned(), "2".to_owned()),
        ]);
        settings.extend(more);
        Self::launch(Launch {
            binary: binary()?,
            settings,
            replicas,
            logs: None,
            gateway: None,
        })
        .await
    }

    /// Starts processes as it is asked for.
    ///
    /// # Errors
    /// If one of them doesn't listen in time.
    pub async fn launch(launch: Launch) -> anyhow::Result<Self> {
        let Launch {
            binary,
            mut settings,
            replicas,
            logs,
            gateway,
        } = launch;
        // Each process comes back to its address after a kill, so all are chosen beforehand.
        let mut addresses = BTreeMap::new();
        for part in Part::ALL {
            let count = if part == Part::Gateway { 1 } else { replicas };
            for number in 0..count {
                let address = match &gateway {
                    Some(address) if part == Part::Gateway => address.clone(),
                    Some(_) | None => free_address().await?,
                };
                addresses.insert((part, number), address);
            }
        }
        let certified = |(key, _): &(String, String)| key == "POSTLUDE_TLS__CERTIFICATE";
        let scheme = if settings.iter().any(certified) {
            "https"
        } else {
            "http"
        };
        for part in Part::ALL {
            let of_part = addresses.iter().filter(|((other, _), _)| *other == part);
            let uris: Vec<_> = of_part
                .map(|(_, address)| format!("{scheme}://{address}"))
                .collect();
            let name = part.name().replace('-', "_").to_uppercase();
            settings.push((format!("POSTLUDE_UPSTREAMS__{name}"), uris.join(",")));
        }
        settings.retain(|(key, _)| key != "POSTLUDE_UPSTREAMS__GATEWAY");
        let gateway = addresses
            .get(&(Part::Gateway, 0))
            .cloned()
            .context("the gateway's address")?;
        let mut apart = Self {
            binary,
            settings,
            logs,
            gateway,
            replicas: BTreeMap::new(),
        };
        let starts = addresses.into_iter().map(|((part, number), address)| {
            let starting = apart.serve(part, number, address.clone());
            async move {
                let (child, operations) = starting.await?;
                let replica = Replica {
                    address,
                    operations,
                    child,
                };
                Ok::<_, anyhow::Error>(((part, number), replica))
            }
        });
        apart.replicas = futures_util::future::try_join_all(starts)
            .await?
            .into_iter()
            .collect();
        Ok(apart)
    }

    /// Where the gateway listens.
    #[must_use]
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The settings that all processes share, as environment variables.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    /// Kills a replica with no warning.
    ///
    /// # Errors
    /// If there is none.
    pub async fn kill(&mut self, part: Part, number: usize) -> anyhow::Result<()> {
        let replica = self
            .replicas
            .get_mut(&(part, number))
            .context("a replica")?;
        replica.child.kill().await.context("kill -9")
    }

    /// Starts a replica again, at its address.
    ///
    /// # Errors
    /// If it doesn't come back.
    pub async fn restart(&mut self, part: Part, number: usize) -> anyhow::Result<()> {
        let replica = self.replicas.get(&(part, number)).context("a replica")?;
        let (child, operations) = self.serve(part, number, replica.address.clone()).await?;
        if let Some(replica) = self.replicas.get_mut(&(part, number)) {
            replica.child = child;
            replica.operations = operations;
        }
        Ok(())
    }

    /// Asks every process to stop; true if all ended well within `grace`.
    ///
    /// # Errors
    /// If one can't be asked.
    pub async fn stop(mut self, grace: Duration) -> anyhow::Result<bool> {
        for replica in self.replicas.values() {
            terminate(&replica.child).await?;
        }
        let mut well = true;
        for replica in self.replicas.values_mut() {
            let ended = tokio::time::timeout(grace, replica.child.wait()).await;
            well &= matches!(ended, Ok(Ok(status)) if status.success());
        }
        Ok(well)
    }

    /// Asks a replica to stop and waits until it has; true if it ended well within `grace`.
    ///
    /// # Errors
    /// If there is none, or it can't be asked.
    pub async fn drain(
        &mut self,
        part: Part,
        number: usize,
        grace: Duration,
    ) -> anyhow::Result<bool> {
        let replica = self
            .replicas
            .get_mut(&(part, number))
            .context("a replica")?;
        terminate(&replica.child).await?;
        let ended = tokio::time::timeout(grace, replica.child.wait()).await;
        Ok(matches!(ended, Ok(Ok(status)) if status.success()))
    }

    /// The processes, the gateway's last.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        self.replicas
            .iter()
            .map(|((part, number), replica)| Process {
                part: *part,
                number: *number,
                pid: replica.child.id(),
                address: replica.address.clone(),
                operations: replica.operations.clone(),
            })
            .collect()
    }

    /// Where the operations servers listen, of each process one.
    #[must_use]
    pub fn operations(&self) -> Vec<(Part, String)> {
        self.processes()
            .into_iter()
            .map(|process| (process.part, process.operations))
            .collect()
    }

    /// Starts one process and waits until it has said where it listens: the child, and where its
    /// operations server is.
    fn serve(
        &self,
        part: Part,
        number: usize,
        address: String,
    ) -> impl Future<Output = anyhow::Result<(Child, String)>> + use<> {
        let listen = if part == Part::Gateway {
            "POSTLUDE_GATEWAY__LISTEN".to_owned()
        } else {
            let name = part.name().replace('-', "_").to_uppercase();
            format!("POSTLUDE_LISTEN__{name}")
        };
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--only", part.name()])
            .envs(self.settings.clone())
            .env(listen, &address)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let log = self
            .logs
            .as_ref()
            .map(|logs| logs.join(format!("{}-{number}.log", part.name())));
        async move {
            command.stderr(match &log {
                Some(path) => Stdio::from(
                    std::fs::OpenOptions::new()
                        .create(true)
                        .append(true)
                        .open(path)?,
                ),
                None => Stdio::inherit(),
            });
            let mut child = command.spawn().context("the process starts")?;
            let printed = child.stdout.take().context("standard output")?;
            let mut lines = BufReader::new(printed).lines();
            let said = async {
                let mut text = String::new();
                while let Some(line) = lines.next_line().await? {
                    text.push_str(&line);
                    text.push('\n');
                    if line.contains("ready;") {
                        return Ok(text);
                    }
                }
                anyhow::bail!("{} ended before it listened", part.name())
            };
            let said = tokio::time::timeout(wait::DEADLINE, said)
                .await
                .with_context(|| format!("{} said no address in time", part.name()))?
                .with_context(|| last_lines(log.as_deref()))?;
            ensure!(said.contains(&address), "{} is elsewhere", part.name());
            let operations = said
                .lines()
                .find_map(|line| line.strip_prefix("operations"))
                .and_then(|line| line.trim().strip_prefix("http://")?.strip_suffix("/readyz"))
                .context("the operations server's address")?
                .to_owned();
            // What it prints later has a reader, so that it never stops at a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            Ok((child, operations))
        }
    }
}

/// What a process said last, where it has a log of its own.
fn last_lines(log: Option<&Path>) -> String {
    let text = log
        .and_then(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(5).collect();
    let lines: Vec<_> = lines.into_iter().rev().collect();
    format!("its log ends with:\n{}", lines.join("\n"))
}

async fn terminate(child: &Child) -> anyhow::Result<()> {
    let id = child.id().context("a process that runs")?;
    let asked = Command::new("kill").arg(id.to_string()).status().await?;
    ensure!(asked.success(), "SIGTERM to {id}");
    Ok(())
}

/// The command line that was built with these tests: beside them, one folder up.
fn binary() -> anyhow::Result<PathBuf> {
    let tests = std::env::current_exe()?;
    let folder = tests.parent().and_then(std::path::Path::parent);
    let binary = folder
        .context("a build folder")?
        .join("postlude-under-test");
    ensure!(binary.is_file(), "{} isn't built", binary.display());
    Ok(binary)
}

/// An address that nobody listens on now.
pub(crate) async fn free_address() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.to_string())
}
