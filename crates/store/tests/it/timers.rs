//! What is to happen at a time happens then, once.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use postlude_kernel::TenantId;
use postlude_store::{
    DueTimer, Store, TimerHandler,
    timers::{self, Handlers},
};
use tokio_util::sync::CancellationToken;

use crate::bench::{eventually, find, on_both, row, tenant};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Default)]
struct Recorder {
    fired: Mutex<Vec<DueTimer>>,
    fail: AtomicBool,
    panic: AtomicBool,
}

impl Recorder {
    fn fired(&self) -> Vec<DueTimer> {
        self.fired.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl TimerHandler for Recorder {
    async fn fire(&self, timer: DueTimer) -> Result<(), AnyError> {
        self.fired.lock().unwrap().push(timer);
        assert!(!self.panic.load(Ordering::SeqCst), "as told");
        if self.fail.load(Ordering::SeqCst) {
            return Err("as told".into());
        }
        Ok(())
    }
}

fn handlers(handler: Arc<dyn TimerHandler>) -> Handlers {
    HashMap::from([("remind".to_owned(), handler)])
}

async fn schedule(store: &Store, owner: &TenantId, key: &str, after: Duration) {
    let mut tx = store.begin(owner).await.unwrap();
    let due = store.now().plus(after);
    tx.schedule("remind", key, due, b"payload").await.unwrap();
    tx.commit().await.unwrap();
}

const HOUR: Duration = Duration::from_secs(3_600);

on_both! {
    async fn fires_when_the_clock_says_so(bench) {
        let recorder = Arc::new(Recorder::default());
        let handlers = handlers(recorder.clone());
        schedule(&bench.store, &tenant("a"), "one", HOUR).await;
        schedule(&bench.store, &tenant("b"), "one", HOUR * 2).await;
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 0);
        bench.advance(3_600);
        assert_eq!(timers::due_count(&bench.store, &handlers).await.unwrap(), 1);
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 1);
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 0);
        let fired = recorder.fired();
        assert_eq!((fired[0].tenant.as_str(), fired[0].attempt), ("a", 1));
        assert_eq!(fired[0].payload, b"payload");
        assert_eq!(
            timers::next_due(&bench.store).await.unwrap(),
            Some(bench.store.now().plus(HOUR))
        );
    }
}

on_both! {
    async fn comes_again_later_each_time_it_fails(bench) {
        let recorder = Arc::new(Recorder::default());
        let handlers = handlers(recorder.clone());
        recorder.fail.store(true, Ordering::SeqCst);
        schedule(&bench.store, &tenant("a"), "one", Duration::ZERO).await;
        let mut waits = Vec::new();
        for attempt in 1..=6 {
            if attempt == 3 {
                recorder.panic.store(true, Ordering::SeqCst);
            }
            assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 1);
            assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 0);
            assert_eq!(recorder.fired().last().unwrap().attempt, attempt);
            let wait = timers::next_due(&bench.store).await.unwrap().unwrap().since(bench.store.now());
            waits.push(wait);
            bench.clock.advance(wait);
        }
        for (attempt, wait) in waits.iter().enumerate() {
            let most = Duration::from_secs(1 << attempt);
            assert!(*wait >= most / 2 && *wait <= most, "{waits:?}");
        }
        recorder.fail.store(false, Ordering::SeqCst);
        recorder.panic.store(false, Ordering::SeqCst);
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 1);
        assert_eq!(timers::next_due(&bench.store).await.unwrap(), None);
    }
}

on_both! {
    async fn can_be_taken_back_and_set_anew(bench) {
        let recorder = Arc::new(Recorder::default());
        let handlers = handlers(recorder.clone());
        schedule(&bench.store, &tenant("a"), "gone", Duration::ZERO).await;
        schedule(&bench.store, &tenant("a"), "moved", Duration::ZERO).await;
        schedule(&bench.store, &tenant("a"), "moved", HOUR).await;
        let mut tx = bench.store.begin(&tenant("a")).await.unwrap();
        tx.cancel_timer("remind", "gone").await.unwrap();
        tx.cancel_timer("remind", "never-there").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 0);
        bench.advance(3_600);
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 1);
    }
}

/// Does its effect and ends the timer in one transaction, after something happened in between.
struct Effect {
    store: Store,
    meanwhile: Mutex<Option<&'static str>>,
    again: AtomicUsize,
}

#[async_trait::async_trait]
impl TimerHandler for Effect {
    async fn fire(&self, timer: DueTimer) -> Result<(), AnyError> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if meanwhile == Some("set anew") {
            schedule(&self.store, &timer.tenant, &timer.key, HOUR).await;
        }
        let mut tx = self.store.begin(&timer.tenant).await?;
        tx.insert(row(&format!("{}-{}", timer.key, timer.attempt), 1))
            .await?;
        if self.again.load(Ordering::SeqCst) > 0 {
            self.again.fetch_sub(1, Ordering::SeqCst);
            tx.reschedule_timer(&timer, self.store.now().plus(HOUR))
                .await?;
        } else {
            tx.finish_timer(&timer).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

on_both! {
    async fn rolls_the_effect_back_if_the_timer_is_no_longer_its_own(bench) {
        let effect = Arc::new(Effect {
            store: bench.store.clone(),
            meanwhile: Mutex::new(Some("set anew")),
            again: AtomicUsize::new(0),
        });
        let handlers = handlers(effect);
        schedule(&bench.store, &tenant("a"), "one", Duration::ZERO).await;
        timers::fire_due_once(&bench.store, &handlers).await.unwrap();
        let snapshot = bench.store.read(&tenant("a")).await.unwrap();
        assert!(find(&snapshot, "one-1").await.is_none());
        drop(snapshot);
        bench.advance(3_600);
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 1);
        let snapshot = bench.store.read(&tenant("a")).await.unwrap();
        assert!(find(&snapshot, "one-1").await.is_some(), "set anew, it counts anew");
        assert_eq!(timers::next_due(&bench.store).await.unwrap(), None);
    }
}

on_both! {
    async fn goes_on_counting_when_it_is_rescheduled(bench) {
        let handlers = handlers(Arc::new(Effect {
            store: bench.store.clone(),
            meanwhile: Mutex::new(None),
            again: AtomicUsize::new(2),
        }));
        schedule(&bench.store, &tenant("a"), "one", Duration::ZERO).await;
        for _ in 0..3 {
            assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 1);
            bench.advance(3_600);
        }
        let snapshot = bench.store.read(&tenant("a")).await.unwrap();
        assert!(find(&snapshot, "one-3").await.is_some());
        assert_eq!(timers::fire_due_once(&bench.store, &handlers).await.unwrap(), 0);
    }
}

on_both! {
    async fn two_replicas_fire_each_timer_once(bench) {
        let recorder = Arc::new(Recorder::default());
        for key in 0..100 {
            schedule(&bench.store, &tenant("a"), &format!("key-{key}"), Duration::ZERO).await;
        }
        let stop = CancellationToken::new();
        let mut replicas = tokio::task::JoinSet::new();
        let stores = if bench.is_postgres() {
            vec![bench.store.clone(), bench.again().await]
        } else {
            vec![bench.store.clone(), bench.store.clone()]
        };
        for store in stores {
            replicas.spawn(timers::run(store, handlers(recorder.clone()), stop.clone()));
        }
        eventually("all have fired", async || {
            timers::next_due(&bench.store).await.unwrap().is_none()
        })
        .await;
        stop.cancel();
        replicas.join_all().await;
        let mut keys: Vec<String> = recorder.fired().into_iter().map(|timer| timer.key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!((keys.len(), recorder.fired().len()), (100, 100));
    }
}

/// Never comes back, as in a process that is killed.
struct Hangs(AtomicUsize);

#[async_trait::async_trait]
impl TimerHandler for Hangs {
    async fn fire(&self, _timer: DueTimer) -> Result<(), AnyError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

on_both! {
    async fn fires_again_after_a_crash(bench) {
        schedule(&bench.store, &tenant("a"), "one", Duration::ZERO).await;
        let hangs = Arc::new(Hangs(AtomicUsize::new(0)));
        let (store, hanging) = (bench.store.clone(), handlers(hangs.clone()));
        let task = tokio::spawn(async move { timers::fire_due_once(&store, &hanging).await });
        eventually("it is fired", async || hangs.0.load(Ordering::SeqCst) == 1).await;
        task.abort();
        assert!(task.await.is_err());

        let restarted = bench.again().await;
        let recorder = Arc::new(Recorder::default());
        let handlers = handlers(recorder.clone());
        if bench.is_postgres() {
            // Another replica may hold it: only time tells that it is dead.
            assert_eq!(timers::fire_due_once(&restarted, &handlers).await.unwrap(), 0);
            bench.advance(10);
        }
        assert_eq!(timers::fire_due_once(&restarted, &handlers).await.unwrap(), 1);
        assert_eq!(recorder.fired()[0].attempt, 2);
    }
}

on_both! {
    async fn a_handler_that_runs_keeps_its_lease(bench) {
        schedule(&bench.store, &tenant("a"), "one", Duration::ZERO).await;
        let hangs = Arc::new(Hangs(AtomicUsize::new(0)));
        let (store, hanging) = (bench.store.clone(), handlers(hangs.clone()));
        let task = tokio::spawn(async move { timers::fire_due_once(&store, &hanging).await });
        eventually("it is fired", async || hangs.0.load(Ordering::SeqCst) == 1).await;
        let other = bench.again().await;
        let recorder = Arc::new(Recorder::default());
        let handlers = handlers(recorder.clone());
        if bench.is_postgres() {
            for _ in 0..3 {
                bench.advance(9);
                timers::renew_leases(&bench.store).await;
                assert_eq!(timers::fire_due_once(&other, &handlers).await.unwrap(), 0);
            }
        }
        task.abort();
    }
}

/// Never answers for one tenant.
struct Slow(Arc<Recorder>);

#[async_trait::async_trait]
impl TimerHandler for Slow {
    async fn fire(&self, timer: DueTimer) -> Result<(), AnyError> {
        if timer.tenant.as_str() == "slow" {
            std::future::pending().await
        }
        self.0.fire(timer).await
    }
}

on_both! {
    async fn what_one_tenant_waits_for_holds_up_nobody_else(bench) {
        let recorder = Arc::new(Recorder::default());
        for number in 0..40 {
            schedule(&bench.store, &tenant("slow"), &number.to_string(), Duration::ZERO).await;
        }
        bench.advance(1);
        schedule(&bench.store, &tenant("quick"), "one", Duration::ZERO).await;
        let stop = CancellationToken::new();
        let task = tokio::spawn(timers::run(
            bench.store.clone(),
            handlers(Arc::new(Slow(recorder.clone()))),
            stop.clone(),
        ));
        eventually("the other tenant's is fired", async || recorder.fired().len() == 1).await;
        assert_eq!(recorder.fired()[0].tenant.as_str(), "quick");
        task.abort();
    }
}

on_both! {
    async fn sets_no_timer_when_the_transaction_is_dropped(bench) {
        let mut tx = bench.store.begin(&tenant("a")).await.unwrap();
        let due = bench.store.now();
        tx.schedule("remind", "one", due, b"").await.unwrap();
        drop(tx);
        assert_eq!(timers::next_due(&bench.store).await.unwrap(), None);
        let mut tx = bench.store.begin(&tenant("a")).await.unwrap();
        tx.schedule("remind", "one", due, b"").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(timers::next_due(&bench.store).await.unwrap(), Some(due));
    }
}
