//! One return's life as calls. Each may be made again: it carries a `request_id` of its own, or is
//! told apart by an id of the retailer's.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::Plan;

/// How long a life waits after its parcel was delivered: the delivery travels to returns as an event.
const SETTLE: Duration = Duration::from_secs(2);

/// A call of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// RecordOrder.
    Order,
    /// RecordPayment.
    Payment,
    /// RecordShipment.
    Shipment,
    /// RecordTrackingEvent: delivered.
    Delivery,
    /// CreateReturn.
    Create,
    /// ApproveReturn.
    Approve,
    /// ReceiveReturn.
    Receive,
    /// InspectReturn.
    Inspect,
    /// RefundReturn.
    Refund,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Order,
        Self::Payment,
        Self::Shipment,
        Self::Delivery,
        Self::Create,
        Self::Approve,
        Self::Receive,
        Self::Inspect,
        Self::Refund,
    ];

    /// The method that it calls.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Order => "RecordOrder",
            Self::Payment => "RecordPayment",
            Self::Shipment => "RecordShipment",
            Self::Delivery => "RecordTrackingEvent",
            Self::Create => "CreateReturn",
            Self::Approve => "ApproveReturn",
            Self::Receive => "ReceiveReturn",
            Self::Inspect => "InspectReturn",
            Self::Refund => "RefundReturn",
        }
    }

    /// The step after this one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step > self)
    }
}

/// One order of one line, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Life {
    /// Counts the lives of a run.
    pub number: u64,
    /// The next call; `None` once there is none.
    pub next: Option<Step>,
    /// The retailer's order number.
    pub order_id: String,
    /// The return, once it is opened.
    pub return_id: String,
    /// Its line.
    pub return_line_id: String,
    due: Instant,
    until: Step,
}

/// A life that has come to its end: its refund was asked for, where the plan doesn't end it earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The retailer's order number.
    pub order_id: String,
    /// The return.
    pub return_id: String,
}

impl Life {
    /// The step was answered: the next one is due.
    pub(crate) fn advance(&mut self, done: Step) {
        self.next = done.next().filter(|step| *step <= self.until);
        self.due = Instant::now();
        if done == Step::Delivery {
            self.due += SETTLE;
        }
    }

    /// The id under which a step is asked for, however often.
    #[must_use]
    pub fn request_id(&self, step: Step) -> String {
        format!("{}-{}", self.order_id, step.method())
    }
}

/// The lives of a run.
pub(crate) struct Lives {
    prefix: String,
    until: Step,
    begun: AtomicU64,
    waiting: Mutex<VecDeque<Life>>,
    /// What reads read.
    known: Mutex<Vec<Ended>>,
    ended: Mutex<Vec<Ended>>,
}

impl Lives {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            prefix: plan.name.clone(),
            until: plan.until,
            begun: AtomicU64::new(0),
            waiting: Mutex::default(),
            known: Mutex::default(),
            ended: Mutex::default(),
        }
    }

    /// A new life.
    pub(crate) fn begin(&self) -> Life {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        Life {
            number,
            next: Some(Step::Order),
            order_id: format!("{}-{number}", self.prefix),
            return_id: String::new(),
            return_line_id: String::new(),
            due: Instant::now(),
            until: self.until,
        }
    }

    /// The life that has waited longest and is due, else a new one.
    pub(crate) fn take(&self) -> Life {
        let mut waiting = lock(&self.waiting);
        // In a queue by the time of the last answer only deliveries wait, and in their order.
        let now = Instant::now();
        let due = waiting.iter().take(64).position(|life| life.due <= now);
        let life = due.and_then(|at| waiting.remove(at));
        drop(waiting);
        life.unwrap_or_else(|| self.begin())
    }

    /// A prepared life, whether or not it is due.
    pub(crate) fn prepared(&self) -> Option<Life> {
        lock(&self.waiting).pop_front()
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.waiting).len()
    }

    /// Takes a life back after an answer.
    pub(crate) fn put(&self, life: Life) {
        let seen = Ended {
            order_id: life.order_id.clone(),
            return_id: life.return_id.clone(),
        };
        match life.next {
            Some(step) => {
                if step == Step::Approve {
                    lock(&self.known).push(seen);
                }
                lock(&self.waiting).push_back(life);
            }
            None => lock(&self.ended).push(seen),
        }
    }

    /// Some life with a return, by a number drawn at random; any number will do.
    pub(crate) fn known(&self, drawn: u64) -> Option<Ended> {
        let known = lock(&self.known);
        let count = u64::try_from(known.len()).ok()?;
        let at = usize::try_from(drawn.checked_rem(count)?).ok()?;
        known.get(at).cloned()
    }

    pub(crate) fn ended(&self) -> Vec<Ended> {
        lock(&self.ended).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn a_life_goes_through_every_step_once() {
        let mut seen = vec![Step::Order];
        while let Some(next) = seen.last().and_then(|step| step.next()) {
            seen.push(next);
        }
        assert_eq!(seen, Step::ALL);
    }
}
