//! Load on a cluster while faults are injected, and the history of what was acknowledged.

use std::time::Duration;

use anyhow::Context as _;
use postlude::load::{self, Caller, Connect, History, Plan, Silent, Summary, history::Entry};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How long a client makes a call again before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long the platform may take to come back before a trial calls it gone.
const GONE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Load at work.
pub struct Load {
    running: JoinHandle<anyhow::Result<Summary>>,
    ended: CancellationToken,
    stop: CancellationToken,
    history: History,
    began: Instant,
}

/// Load that has come to its end.
pub struct Ran {
    /// Latencies and statuses.
    pub summary: Summary,
    /// Every call, in the order in which it ended.
    pub history: Vec<Entry>,
}

impl Load {
    /// Starts a plan's calls.
    ///
    /// # Errors
    /// If the gateway can't be reached.
    pub async fn start(to: &Connect, plan: Plan) -> anyhow::Result<Self> {
        let caller = Caller::connect(to, &plan).await?;
        let history = History::memory();
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let (kept, stopped, over) = (history.clone(), stop.clone(), ended.clone());
        let running = tokio::spawn(async move {
            let ran = load::run(plan, caller, kept, &Silent, stopped).await;
            over.cancel();
            ran
        });
        Ok(Self {
            running,
            ended,
            stop,
            history,
            began: Instant::now(),
        })
    }

    /// Waits for so long, or until the load has ended.
    pub async fn pause(&self, time: Duration) {
        let _ = tokio::time::timeout(time, self.ended.cancelled()).await;
    }

    /// Whether calls are still made.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        !self.ended.is_cancelled()
    }

    /// How long it has run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Makes no further calls and waits for those under way.
    ///
    /// # Errors
    /// If the load itself failed.
    pub async fn end(self) -> anyhow::Result<Ran> {
        self.stop.cancel();
        self.finish().await
    }

    /// Waits until the plan is carried out.
    ///
    /// # Errors
    /// If the load itself failed.
    pub async fn finish(self) -> anyhow::Result<Ran> {
        let summary = self.running.await.context("the load")??;
        Ok(Ran {
            summary,
            history: self.history.take(),
        })
    }
}

impl Ran {
    /// Calls whose last answer wasn't OK.
    pub fn failed(&self) -> impl Iterator<Item = &Entry> {
        self.history.iter().filter(|entry| entry.status != "OK")
    }

    /// How often calls went over the wire beyond the first time.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        self.history
            .iter()
            .map(|entry| entry.attempts.saturating_sub(1))
            .sum()
    }
}

/// Asks until the platform answers with OK; how long that took.
///
/// # Errors
/// If it doesn't in time; the error has the last answer.
pub async fn recovery<T>(
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<T, Status>,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let deadline = began + GONE;
    loop {
        match probe().await {
            Ok(_) => return Ok(began.elapsed()),
            Err(status) if Instant::now() > deadline => {
                return Err(status).with_context(|| format!("{what} didn't come back"));
            }
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Waits until a condition holds; how long that took.
///
/// # Errors
/// If it doesn't in time, or can't be looked at.
pub async fn until(
    what: &str,
    mut holds: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let deadline = began + GONE;
    loop {
        if holds().await? {
            return Ok(began.elapsed());
        }
        anyhow::ensure!(Instant::now() < deadline, "{what}: not in {GONE:?}");
        tokio::time::sleep(LOOK * 10).await;
    }
}
