//! The host: one engine, its threads, its limits, and the components it has compiled.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use postlude_kernel::{Clock, IdSource, TenantId};
use wasmtime::{Engine, component::Linker};

use crate::{
    breaker::Breakers,
    component::{Component, Components, LoadError},
    digest::digest,
    engine::{self, Ticker},
    hook::HOOKS,
    pool::{Full, Pool},
    sandbox::Guest,
};

/// What one call may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Instructions, roughly: 20 million.
    pub fuel: u64,
    /// Instructions more per line of the order: 100,000.
    pub fuel_per_line: u64,
    /// Time on the wall, in steps of 5 ms: 250 ms. Fuel ends a busy loop long before.
    pub time: Duration,
    /// Linear memory: 16 MiB.
    pub memory_bytes: usize,
    /// Elements of a table: 10,000.
    pub table_elements: usize,
    /// The facts, as bytes of the recorded input: 128 KiB.
    pub input_bytes: usize,
    /// The answer, as bytes of the recorded output: 64 KiB.
    pub output_bytes: usize,
    /// The log: 4 KiB.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 20_000_000,
            fuel_per_line: 100_000,
            time: Duration::from_millis(250),
            memory_bytes: 16 << 20,
            table_elements: 10_000,
            input_bytes: 128 << 10,
            output_bytes: 64 << 10,
            log_bytes: 4 << 10,
        }
    }
}

/// How a host is set up.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// For breakers and the times of runs.
    pub clock: Arc<dyn Clock>,
    /// For the ids of runs.
    pub ids: Arc<dyn IdSource>,
    /// What one call may take.
    pub limits: Limits,
    /// Threads that run plugins: twice the machine's cores. A tenant gets half of them at most.
    pub threads: usize,
    /// Calls that may wait: 1,024. A tenant gets half of them at most.
    pub queue: usize,
    /// A component's size: 1 MiB.
    pub component_bytes: usize,
    /// Where machine code is kept between starts; nobody but the host may write there. `None`
    /// compiles anew at each start.
    pub cache_dir: Option<PathBuf>,
}

impl HostConfig {
    /// The defaults.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            clock,
            ids,
            limits: Limits::default(),
            threads: cores.saturating_mul(2),
            queue: 1_024,
            component_bytes: 1 << 20,
            cache_dir: None,
        }
    }
}

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The engine refuses its settings on this machine.
    #[error("the WebAssembly engine can't be set up: {0}")]
    Engine(String),
    /// No threads.
    #[error("the threads for plugins can't be started")]
    Threads(#[source] std::io::Error),
}

/// Loads components and calls them. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

/// What a call needs.
pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) engine_hash: String,
    /// Digest of each hook's contract, by the hook's name.
    contracts: Vec<(&'static str, String)>,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) breakers: Breakers,
    components: Components,
    pool: Pool,
    _ticker: Ticker,
}

impl Host {
    /// Sets a host up and starts its threads.
    ///
    /// # Errors
    /// [`HostError`] if the machine can't give what the host needs.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let threads = config.threads.max(1);
        // Twice the threads: a slot may still be cleaned when the next call begins.
        let slots = u32::try_from(threads.saturating_mul(2)).unwrap_or(u32::MAX);
        let failed = |error: wasmtime::Error| HostError::Engine(format!("{error:#}"));
        let engine = engine::build(&config.limits, slots).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        // What hooks share is linked once for each of them.
        linker.allow_shadowing(true);
        for hook in HOOKS {
            (hook.link)(&mut linker).map_err(failed)?;
        }
        let ticker = Ticker::start(&engine).map_err(HostError::Threads)?;
        Ok(Self(Arc::new(Inner {
            engine_hash: engine::hash(&engine),
            contracts: HOOKS
                .map(|hook| (hook.name, digest(hook.contract.as_bytes())))
                .into(),
            linker,
            limits: config.limits,
            clock: config.clock,
            ids: config.ids,
            breakers: Breakers::default(),
            components: Components::new(config.cache_dir, config.component_bytes),
            pool: Pool::start(threads, config.queue).map_err(HostError::Threads)?,
            _ticker: ticker,
            engine,
        })))
    }

    /// Checks a component and makes it ready to be called. Compiles, so it takes a while the first
    /// time: call it where blocking is fine. The same digest again is found, not compiled.
    ///
    /// # Errors
    /// [`LoadError`] that says what is wrong with it and where.
    pub fn load(&self, digest: &str, bytes: &[u8]) -> Result<Component, LoadError> {
        self.0.components.load(&self.0, digest, bytes)
    }

    /// A component that has been loaded before.
    #[must_use]
    pub fn loaded(&self, digest: &str) -> Option<Component> {
        self.0.components.loaded(digest)
    }

    /// Forgets every component but these. Calls that run keep theirs.
    pub fn retain(&self, digests: &[&str]) {
        self.0.components.retain(digests);
    }

    /// What one call may take.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Hash of the engine.
    #[must_use]
    pub fn engine_hash(&self) -> &str {
        &self.0.engine_hash
    }

    /// Digest of a hook's contract, as this host knows it; empty for a hook that it doesn't know.
    #[must_use]
    pub fn contract_digest(&self, hook: &str) -> &str {
        self.0.contract_digest(hook)
    }

    /// Runs `job` on a thread for plugins and waits for it without blocking. `None` if it broke.
    pub(crate) async fn on_pool<R: Send + 'static>(
        &self,
        tenant: &TenantId,
        job: impl FnOnce(&Inner) -> R + Send + 'static,
    ) -> Result<Option<R>, Full> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let inner = Arc::clone(&self.0);
        self.0.pool.submit(
            tenant,
            Box::new(move || {
                // The caller may have gone; the breaker was told all the same.
                let _gone = reply.send(job(&inner));
            }),
        )?;
        Ok(answer.await.ok())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    pub(crate) fn contract_digest(&self, hook: &str) -> &str {
        self.contracts
            .iter()
            .find(|(name, _)| *name == hook)
            .map_or("", |(_, digest)| digest)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("engine_hash", &self.0.engine_hash)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}
