//! Takes a plugin that keeps failing out of the way for a while.
//!
//! One breaker per tenant, plugin and hook. Opens at 20 faults that are 35 % of the calls within 60
//! seconds; after 30 seconds a few calls probe it, and the first that answers closes it. Time is the
//! clock that was passed in.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use postlude_kernel::{TenantId, Timestamp};

use crate::meter;

const WINDOW_MICROS: i64 = 60_000_000;
const BUCKET_MICROS: i64 = 1_000_000;
const OPEN_MICROS: i64 = 30_000_000;
const MIN_FAULTS: u64 = 20;
const FAULT_PERCENT: u64 = 35;
const MAX_PROBES: u32 = 2;
/// Above this, entries that are closed and silent are dropped.
const SWEEP_ABOVE: usize = 4_096;

type Key = (TenantId, String, &'static str);

/// Every breaker of a host.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<HashMap<Key, Breaker>>);

#[derive(Debug, Default)]
struct Breaker {
    buckets: VecDeque<Bucket>,
    open_until: Option<i64>,
    probes: u32,
}

#[derive(Debug)]
struct Bucket {
    start: i64,
    calls: u64,
    faults: u64,
}

/// How a call that was let through ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It answered, or said itself that it doesn't.
    Well,
    /// It broke.
    Badly,
    /// It never ran, or its end says nothing of the plugin.
    Unsaid,
}

impl Breakers {
    /// Whether a call may pass now. Who gets `true` must tell [`Self::ended`].
    pub(crate) fn admit(
        &self,
        tenant: &TenantId,
        plugin: &str,
        hook: &'static str,
        now: Timestamp,
    ) -> bool {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(breaker) = breakers.get_mut(&(tenant.clone(), plugin.to_owned(), hook)) else {
            return true;
        };
        match breaker.open_until {
            None => true,
            Some(until) if now.as_micros() < until => false,
            Some(_) if breaker.probes < MAX_PROBES => {
                breaker.probes += 1;
                true
            }
            Some(_) => false,
        }
    }

    /// Counts the end of a call that was let through.
    pub(crate) fn ended(
        &self,
        tenant: &TenantId,
        plugin: &str,
        hook: &'static str,
        now: Timestamp,
        ended: Ended,
    ) {
        let now = now.as_micros();
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if breakers.len() > SWEEP_ABOVE {
            breakers.retain(|(_, _, hook), breaker| {
                let idle = breaker.is_idle(now);
                if idle && breaker.open_until.is_some() {
                    meter::open(hook, -1);
                }
                !idle
            });
        }
        let breaker = breakers
            .entry((tenant.clone(), plugin.to_owned(), hook))
            .or_default();
        let was_open = breaker.open_until.is_some();
        breaker.ended(now, ended);
        match (was_open, breaker.open_until.is_some()) {
            (false, true) => meter::open(hook, 1),
            (true, false) => meter::open(hook, -1),
            (true, true) | (false, false) => {}
        }
    }
}

impl Breaker {
    fn ended(&mut self, now: i64, ended: Ended) {
        if self.open_until.is_some_and(|until| now >= until) {
            self.probes = self.probes.saturating_sub(1);
            match ended {
                Ended::Well => *self = Self::default(),
                Ended::Badly => {
                    self.open_until = Some(now.saturating_add(OPEN_MICROS));
                    self.probes = 0;
                }
                Ended::Unsaid => {}
            }
            return;
        }
        if ended == Ended::Unsaid {
            return;
        }
        let start = now - now.rem_euclid(BUCKET_MICROS);
        while self
            .buckets
            .front()
            .is_some_and(|bucket| bucket.start <= now - WINDOW_MICROS)
        {
            self.buckets.pop_front();
        }
        if self
            .buckets
            .back()
            .is_none_or(|bucket| bucket.start != start)
        {
            self.buckets.push_back(Bucket {
                start,
                calls: 0,
                faults: 0,
            });
        }
        if let Some(bucket) = self.buckets.back_mut() {
            bucket.calls += 1;
            bucket.faults += u64::from(ended == Ended::Badly);
        }
        let (calls, faults) = self.buckets.iter().fold((0, 0), |(calls, faults), bucket| {
            (calls + bucket.calls, faults + bucket.faults)
        });
        if ended == Ended::Badly
            && self.open_until.is_none()
            && faults >= MIN_FAULTS
            && faults * 100 >= calls * FAULT_PERCENT
        {
            self.open_until = Some(now.saturating_add(OPEN_MICROS));
            self.buckets.clear();
        }
    }

    fn is_idle(&self, now: i64) -> bool {
        self.open_until
            .is_none_or(|until| until + WINDOW_MICROS < now)
            && self
                .buckets
                .back()
                .is_none_or(|bucket| bucket.start <= now - WINDOW_MICROS)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn run(breakers: &Breakers, tenant: &TenantId, seconds: i64, ended: Ended) -> bool {
        let admitted = breakers.admit(tenant, "p", "h", at(seconds));
        if admitted {
            breakers.ended(tenant, "p", "h", at(seconds), ended);
        }
        admitted
    }

    #[test]
    fn opens_at_twenty_faults_and_heals_by_a_probe() {
        let breakers = Breakers::default();
        let (tenant, other) = (TenantId::parse("a").unwrap(), TenantId::parse("b").unwrap());
        for _ in 0..20 {
            assert!(run(&breakers, &tenant, 1, Ended::Badly));
        }
        assert!(!run(&breakers, &tenant, 1, Ended::Well));
        assert!(!run(&breakers, &tenant, 30, Ended::Well));
        assert!(
            run(&breakers, &other, 30, Ended::Well),
            "another tenant is untouched"
        );
        assert!(run(&breakers, &tenant, 31, Ended::Badly), "a probe");
        assert!(!run(&breakers, &tenant, 32, Ended::Well));
        assert!(
            run(&breakers, &tenant, 61, Ended::Well),
            "a probe that heals"
        );
        for _ in 0..19 {
            assert!(run(&breakers, &tenant, 62, Ended::Badly));
        }
        assert!(run(&breakers, &tenant, 62, Ended::Well));
    }

    #[test]
    fn few_faults_among_many_calls_do_not_open_it() {
        let breakers = Breakers::default();
        let tenant = TenantId::parse("a").unwrap();
        for call in 0..300 {
            let ended = if call % 3 == 0 {
                Ended::Badly
            } else {
                Ended::Well
            };
            assert!(run(&breakers, &tenant, 1, ended));
        }
    }

    #[test]
    fn probes_are_limited_and_old_faults_forgotten() {
        let breakers = Breakers::default();
        let tenant = TenantId::parse("a").unwrap();
        for second in 0..200 {
            assert!(
                run(&breakers, &tenant, second * 4, Ended::Badly),
                "15 in a minute"
            );
        }
        for _ in 0..20 {
            run(&breakers, &tenant, 1_000, Ended::Badly);
        }
        assert!(breakers.admit(&tenant, "p", "h", at(1_040)));
        assert!(breakers.admit(&tenant, "p", "h", at(1_040)));
        assert!(!breakers.admit(&tenant, "p", "h", at(1_040)));
        breakers.ended(&tenant, "p", "h", at(1_040), Ended::Unsaid);
        assert!(breakers.admit(&tenant, "p", "h", at(1_040)));
    }
}
