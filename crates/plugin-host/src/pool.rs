//! A fixed number of threads that run plugins, and the queue in front of them.
//!
//! Tenants take turns: each has a queue of its own, may fill no more than half of all places and
//! hold no more than half of the threads, so that one tenant's slow plugin leaves room for the rest.
//! What doesn't fit is refused at once; nobody waits to be refused.

use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use postlude_kernel::TenantId;

use crate::meter;

/// WebAssembly's own stack, the host's frames under it, and room.
const STACK_BYTES: usize = 4 << 20;

type Job = Box<dyn FnOnce() + Send>;

/// The threads. Dropping it lets them finish what they run and drops what waits.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    capacity: usize,
}

/// No place in the queue.
#[derive(Debug)]
pub(crate) struct Full;

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    running_per_tenant: usize,
}

#[derive(Default)]
struct State {
    queues: HashMap<TenantId, Queue>,
    /// Tenants with something waiting, the next one first.
    turns: VecDeque<TenantId>,
    waiting: usize,
    stopped: bool,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    running: usize,
}

impl Pool {
    pub(crate) fn start(threads: usize, capacity: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            ready: Condvar::new(),
            running_per_tenant: (threads / 2).max(1),
        });
        let pool = Self {
            shared: Arc::clone(&shared),
            capacity: capacity.max(1),
        };
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("plugin-{number}"))
                .stack_size(STACK_BYTES)
                .spawn(move || shared.work())?;
        }
        Ok(pool)
    }

    /// Puts a job in its tenant's queue.
    pub(crate) fn submit(&self, tenant: &TenantId, job: Job) -> Result<(), Full> {
        let mut state = self.shared.lock();
        if state.waiting >= self.capacity {
            return Err(Full);
        }
        let queue = state.queues.entry(tenant.clone()).or_default();
        if queue.jobs.len() >= (self.capacity / 2).max(1) {
            return Err(Full);
        }
        queue.jobs.push_back(job);
        let first = queue.jobs.len() == 1;
        state.waiting += 1;
        meter::waiting(1);
        if first {
            state.turns.push_back(tenant.clone());
        }
        drop(state);
        self.shared.ready.notify_one();
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        state.queues.clear();
        state.turns.clear();
        meter::waiting(-i64::try_from(state.waiting).unwrap_or(0));
        state.waiting = 0;
        drop(state);
        self.shared.ready.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some((tenant, job)) = self.next() {
            // A panic of the host's is the job's loss, not the thread's.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!(%tenant, "a plugin call panicked in the host");
            }
            let mut state = self.lock();
            if let Some(queue) = state.queues.get_mut(&tenant) {
                queue.running = queue.running.saturating_sub(1);
                if queue.running == 0 && queue.jobs.is_empty() {
                    state.queues.remove(&tenant);
                }
            }
            drop(state);
            // The tenant may have been held back for having too much running.
            self.ready.notify_one();
        }
    }

    fn next(&self) -> Option<(TenantId, Job)> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(found) = state.take(self.running_per_tenant) {
                return Some(found);
            }
            state = self
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    /// The first job of the first tenant that may run more; that tenant then goes to the end.
    fn take(&mut self, running_per_tenant: usize) -> Option<(TenantId, Job)> {
        let position = self.turns.iter().position(|tenant| {
            self.queues
                .get(tenant)
                .is_some_and(|queue| queue.running < running_per_tenant)
        })?;
        let tenant = self.turns.remove(position)?;
        let queue = self.queues.get_mut(&tenant)?;
        let job = queue.jobs.pop_front()?;
        queue.running += 1;
        let more = !queue.jobs.is_empty();
        self.waiting = self.waiting.saturating_sub(1);
        meter::waiting(-1);
        if more {
            self.turns.push_back(tenant.clone());
        }
        Some((tenant, job))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("waiting", &self.waiting)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
