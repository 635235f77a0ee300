//! How many unary calls a service is given at the same time: as many as it answers in time.
//!
//! A queue that only grows is no use to anybody: whoever waits at its end has given up before the answer
//! comes. So the room shrinks while it is more than half full and more than one call in ten takes longer
//! than the target: with fewer inside it isn't the queue that makes them slow. It grows again while they
//! don't (additive increase, multiplicative decrease): back to what a new service is given, and past it
//! where it is filled. Each service has a room of its own: one that hangs takes no room from the others.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The least room: enough to notice that a service is well again, and for the calls of a pause of some
/// milliseconds.
const LEAST: usize = 16;
/// What a service that nobody has called yet is trusted with: a burst, for nothing says that it is slow.
const FIRST: usize = 256;
/// The room is looked at this often at most, and after so many answers at least.
const WINDOW: Duration = Duration::from_millis(100);
const ANSWERS: u32 = 20;

/// One service's room. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    target: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    inside: usize,
    window: Window,
    shrunk: Option<Instant>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    answers: u32,
    slow: u32,
    /// What all answers took together.
    took: Duration,
    /// The most calls inside at once.
    peak: usize,
}

impl Window {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            answers: 0,
            slow: 0,
            took: Duration::ZERO,
            peak: 0,
        }
    }
}

/// A call inside, until it is dropped.
#[derive(Debug)]
pub(super) struct Inside {
    room: Room,
    since: Instant,
}

impl Room {
    /// Never more than `most`; `target` is how fast nine calls in ten shall be answered.
    pub(super) fn new(most: usize, target: Duration) -> Self {
        Self(Arc::new(Inner {
            most,
            target,
            state: Mutex::new(State {
                limit: FIRST.min(most),
                inside: 0,
                window: Window::new(),
                shrunk: None,
            }),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call in, if there is room.
    pub(super) fn enter(&self) -> Option<Inside> {
        let mut state = self.state();
        if state.inside >= state.limit {
            state.window.peak = state.limit;
            return None;
        }
        state.inside += 1;
        state.window.peak = state.window.peak.max(state.inside);
        drop(state);
        Some(Inside {
            room: self.clone(),
            since: Instant::now(),
        })
    }

    fn leave(&self, since: Instant) {
        let took = since.elapsed();
        let mut state = self.state();
        state.inside = state.inside.saturating_sub(1);
        // Who came in before the room shrank waited behind what was let in then: that has been answered.
        if state.shrunk.is_some_and(|shrunk| since < shrunk) {
            return;
        }
        state.window.answers = state.window.answers.saturating_add(1);
        state.window.took = state.window.took.saturating_add(took);
        if took > self.0.target {
            state.window.slow = state.window.slow.saturating_add(1);
        }
        if state.window.answers < ANSWERS || state.window.began.elapsed() < WINDOW {
            return;
        }
        let next = Window {
            peak: state.inside,
            ..Window::new()
        };
        let window = std::mem::replace(&mut state.window, next);
        let late = window.slow.saturating_mul(10) > window.answers;
        let pressed = window.peak.saturating_mul(2) >= state.limit;
        let filled = window.peak >= state.limit;
        if late && pressed {
            state.shrunk = Some(Instant::now());
            let mean = window.took.checked_div(window.answers).unwrap_or_default();
            state.limit = shrunk(state.limit, self.0.target, mean).max(LEAST.min(self.0.most));
        } else if !late && (filled || state.limit < FIRST) {
            state.limit = grown(state.limit).min(self.0.most);
        }
    }
}

/// By as much as the answers are late, a tenth at least and a half at most.
fn shrunk(limit: usize, target: Duration, mean: Duration) -> usize {
    let percent = target.as_micros().saturating_mul(100) / mean.as_micros().max(1);
    let percent = usize::try_from(percent).unwrap_or(100).clamp(50, 90);
    limit.saturating_mul(percent) / 100
}

fn grown(limit: usize) -> usize {
    limit.saturating_add(limit / 20).saturating_add(1)
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.room.leave(self.since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(200);

    /// Calls that wait in one queue which serves one each `service`, for some windows; answers how many
    /// were let in at most.
    async fn queue(room: &Room, service: Duration, rounds: usize) -> usize {
        let mut most = 0;
        for _ in 0..rounds {
            let mut inside = Vec::new();
            while let Some(call) = room.enter() {
                inside.push(call);
            }
            most = inside.len();
            for call in inside {
                tokio::time::advance(service).await;
                drop(call);
            }
        }
        most
    }

    #[tokio::test(start_paused = true)]
    async fn it_shrinks_to_what_is_answered_in_time() {
        let room = Room::new(512, TARGET);
        // 10 ms each: twenty fit into the target, and a tenth may be late.
        let inside = queue(&room, Duration::from_millis(10), 60).await;
        // A saw tooth around it.
        assert!((16..=32).contains(&inside), "{inside}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_in_which_few_wait_takes_no_room() {
        let room = Room::new(512, TARGET);
        for _ in 0..10 {
            let paused: Vec<_> = (0..100).filter_map(|_| room.enter()).collect();
            tokio::time::advance(TARGET * 2).await;
            drop(paused);
        }
        assert_eq!(room.state().limit, FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_well_again_is_trusted_as_a_new_one() {
        let room = Room::new(512, TARGET);
        assert_eq!(queue(&room, Duration::from_secs(15), 60).await, LEAST);
        for _ in 0..2_000 {
            let call = room.enter();
            tokio::time::advance(TARGET / 20).await;
            drop(call);
        }
        assert!(room.state().limit >= FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn it_grows_as_the_service_gets_faster_but_not_past_its_bound() {
        let room = Room::new(100, TARGET);
        assert!(queue(&room, Duration::from_millis(10), 60).await < 33);
        let inside = queue(&room, Duration::from_millis(1), 200).await;
        assert_eq!(inside, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_hangs_keeps_a_little_room() {
        let room = Room::new(512, TARGET);
        let inside = queue(&room, Duration::from_secs(15), 60).await;
        assert_eq!(inside, LEAST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_slow_calls_among_many_take_no_room() {
        let room = Room::new(512, TARGET);
        for number in 0..1_000 {
            let call = room.enter();
            let slow = number % 20 == 0;
            tokio::time::advance(if slow { TARGET * 5 } else { TARGET / 20 }).await;
            drop(call);
        }
        assert_eq!(room.state().limit, FIRST);
    }
}
