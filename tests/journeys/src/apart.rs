//! The platform in one process per service, on PostgreSQL and JetStream, each of which a test may kill.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};

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
    gateway: String,
    replicas: BTreeMap<(Part, usize), Replica>,
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
        // Each process comes back to its address after a kill, so all are chosen beforehand.
        let mut addresses = BTreeMap::new();
        for part in Part::ALL {
            let count = if part == Part::Gateway { 1 } else { replicas };
            for number in 0..count {
                addresses.insert((part, number), free_address().await?);
            }
        }
        for part in Part::ALL {
            let of_part = addresses.iter().filter(|((other, _), _)| *other == part);
            let uris: Vec<_> = of_part
                .map(|(_, address)| format!("http://{address}"))
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
            binary: binary()?,
            settings,
            gateway,
            replicas: BTreeMap::new(),
        };
        let starts = addresses.into_iter().map(|((part, number), address)| {
            let starting = apart.serve(part, address.clone());
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
        let (child, operations) = self.serve(part, replica.address.clone()).await?;
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
            let id = replica.child.id().context("a process that runs")?;
            let asked = Command::new("kill").arg(id.to_string()).status().await?;
            ensure!(asked.success(), "SIGTERM to {id}");
        }
        let mut well = true;
        for replica in self.replicas.values_mut() {
            let ended = tokio::time::timeout(grace, replica.child.wait()).await;
            well &= matches!(ended, Ok(Ok(status)) if status.success());
        }
        Ok(well)
    }

    /// Where the operations servers listen, of each process one.
    #[must_use]
    pub fn operations(&self) -> Vec<(Part, String)> {
        self.replicas
            .iter()
            .map(|((part, _), replica)| (*part, replica.operations.clone()))
            .collect()
    }

    /// Starts one process and waits until it has said where it listens: the child, and where its
    /// operations server is.
    fn serve(
        &self,
        part: Part,
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
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        async move {
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
                .with_context(|| format!("{} said no address in time", part.name()))??;
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
