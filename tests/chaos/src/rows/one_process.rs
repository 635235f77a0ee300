//! Everything in one process on SQLite: killed, and out of disk.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use postlude::load::{self, Caller, Connect, Plan};
use postlude_journeys::{Shop, sink::Sink};
use postlude_proto::returns::v1::{
    GetReturnSettingsRequest, ReturnSettings, UpdateReturnSettingsRequest,
};
use rand::RngExt as _;
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
use tempfile::TempDir;
use tokio::time::Instant;

use super::{Outcome, TENANT, Trial};
use crate::{
    oracle,
    serving::Serving,
    trial::{self, Load, PATIENCE, Ran},
};

/// Faults: at least, however short the trial.
const LEAST: u64 = 5;
/// The file system that runs full.
const DISK: &str = "32m";
const ROUNDS_FULL: u64 = 3;

/// The platform, and the shop that writes.
struct House {
    serving: Serving,
    shop: Shop,
    sink: Sink,
}

impl House {
    async fn open(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let serving = Serving::start(binary, &Serving::settings(folder)?)?;
        let sink = Sink::start().await;
        let shop = serving.tenant(TENANT, &sink).await?;
        Ok(Self {
            serving,
            shop,
            sink,
        })
    }

    fn connect(&self) -> Connect {
        Connect {
            endpoint: format!("http://{}", self.serving.gateway),
            key: self.shop.key.clone(),
            connections: 4,
        }
    }

    /// Waits until a write is taken.
    async fn recovered(&self) -> anyhow::Result<Duration> {
        let look = GetReturnSettingsRequest::default();
        let returns = &self.shop.returns;
        trial::recovery("the platform", async || {
            returns.clone().get_return_settings(look).await
        })
        .await
    }

    async fn judge(&self, plan: &Plan, ran: &Ran, outcome: &mut Outcome) -> anyhow::Result<()> {
        outcome.figures.push(format!(
            "{} calls, {} of them made again",
            ran.history.len(),
            ran.repeats()
        ));
        outcome.tell_failures(ran, |_| false);
        let caller = Caller::connect(&self.connect(), plan).await?;
        load::settle(&caller, &ran.summary.ended, PATIENCE).await?;
        outcome.verdict = oracle::judge(None, &self.shop, &self.sink, &ran.history).await?;
        Ok(())
    }
}

/// kill -9 under load, again and again.
pub(super) async fn killed(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = tempfile::tempdir()?;
    let mut house = House::open(&trial.binary, folder.path()).await?;
    let plan = trial.writes("killed");
    let load = Load::start(&house.connect(), plan.clone()).await?;
    let mut random = trial.random();
    while outcome.faults < LEAST || load.goes_on() {
        load.pause(Duration::from_millis(random.random_range(200..1_500)))
            .await;
        let killed = Instant::now();
        house.serving.kill_and_restart()?;
        outcome.faults += 1;
        house.recovered().await?;
        outcome.recovered(killed.elapsed());
    }
    let ran = load.finish().await?;
    house.judge(&plan, &ran, &mut outcome).await?;
    Ok(outcome)
}

/// A file system that runs full under load, and has room again.
pub(super) async fn full(trial: &Trial) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let disk = Disk::mount()?;
    let mut house = House::open(&trial.binary, &disk.data()).await?;
    let plan = trial.writes("full");
    let load = Load::start(&house.connect(), plan.clone()).await?;
    let mut refused = 0;
    while outcome.faults < ROUNDS_FULL {
        load.pause(Duration::from_secs(2)).await;
        let filled = disk.fill()?;
        outcome.faults += 1;
        // Long enough that the room which the write-ahead log has left is used up too.
        let before = Instant::now();
        while before.elapsed() < Duration::from_secs(3) {
            if house.probe().await? {
                refused += 1;
            }
            disk.fill()?;
            load.pause(Duration::from_millis(100)).await;
        }
        filled.empty()?;
        let room = Instant::now();
        trial::until("a write", async || Ok(!house.probe().await?)).await?;
        outcome.recovered(room.elapsed());
    }
    let ran = load.finish().await?;
    outcome
        .figures
        .push(format!("{refused} writes were refused while it was full"));
    outcome.must(
        refused > 0,
        "the disk never was full enough to refuse a write",
    );
    // What counts is what the disk has.
    house.serving.kill_and_restart()?;
    house.recovered().await?;
    house.judge(&plan, &ran, &mut outcome).await?;
    for (name, answer) in disk.integrity().await? {
        outcome.must(answer == "ok", format!("{name}: {answer}"));
    }
    drop(house);
    Ok(outcome)
}

impl House {
    /// Whether a write is refused; refused, it says UNAVAILABLE.
    async fn probe(&self) -> anyhow::Result<bool> {
        let settings = &self.shop.returns;
        let look = GetReturnSettingsRequest::default();
        let known = settings.clone().get_return_settings(look).await;
        let known = match known {
            Ok(known) => known.into_inner(),
            Err(status) => return refusal(&status),
        };
        // Another number each time: what changes nothing isn't written.
        let changed = ReturnSettings {
            instant_exchange_days: known.instant_exchange_days % 365 + 1,
            ..known
        };
        let write = UpdateReturnSettingsRequest {
            settings: Some(changed),
            ..UpdateReturnSettingsRequest::default()
        };
        match settings.clone().update_return_settings(write).await {
            Ok(_) => Ok(false),
            Err(status) => refusal(&status),
        }
    }
}

fn refusal(status: &tonic::Status) -> anyhow::Result<bool> {
    ensure!(
        status.code() == tonic::Code::Unavailable,
        "a full disk is told as {status:?}"
    );
    Ok(true)
}

/// A small file system in memory.
struct Disk {
    place: TempDir,
}

/// What fills it.
struct Ballast(PathBuf);

impl Disk {
    fn mount() -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={DISK}"), "tmpfs"])
            .arg(place.path())
            .status()
            .context("mount")?;
        ensure!(
            mounted.success(),
            "this row mounts a tmpfs and so runs as root"
        );
        let disk = Self { place };
        fs::create_dir(disk.data())?;
        Ok(disk)
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Writes until nothing goes in any more.
    fn fill(&self) -> anyhow::Result<Ballast> {
        let path = self.place.path().join("ballast");
        let mut file = File::options().create(true).append(true).open(&path)?;
        let (mut block, smallest) = (1 << 20, 512);
        while block >= smallest {
            match file.write(&vec![0; block]) {
                Ok(0) => block /= 2,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => block /= 2,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ballast(path))
    }

    /// What SQLite says of each database.
    async fn integrity(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(self.data())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "db") {
                let database = Database::connect(format!("sqlite://{}", path.display())).await?;
                let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
                let row = database.query_one_raw(check).await?.context("an answer")?;
                all.push((path.display().to_string(), row.try_get_by_index(0)?));
                database.close().await?;
            }
        }
        ensure!(!all.is_empty(), "no database was found");
        Ok(all)
    }
}

impl Ballast {
    fn empty(self) -> anyhow::Result<()> {
        fs::remove_file(self.0).context("the ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.place.path()).status();
    }
}
