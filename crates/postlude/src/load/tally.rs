//! Latencies and statuses, by call.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hdrhistogram::Histogram;
use postlude_chassis::telemetry::metrics::code_name;
use tonic::Code;

/// Latencies above this count as this: microseconds.
const MOST_MICROS: u64 = 600_000_000;
const DIGITS: u8 = 3;

/// Latencies and statuses of a run that goes on.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<&'static str, Calls>>);

struct Calls {
    latency: Histogram<u64>,
    statuses: BTreeMap<String, u64>,
    ok: u64,
    attempts: u64,
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tally")
    }
}

/// What became of one kind of call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The method.
    pub name: &'static str,
    /// Calls that were answered with OK.
    pub ok: u64,
    /// Calls in all.
    pub count: u64,
    /// Calls over the wire, those that were made again included.
    pub attempts: u64,
    /// How often each status was the last word, OK left out: `CODE` or `CODE REASON`.
    pub refused: BTreeMap<String, u64>,
    /// Latency of those that were answered with OK: the half were faster.
    pub p50: Duration,
    /// Ninety-five of a hundred were faster.
    pub p95: Duration,
    /// Ninety-nine of a hundred were faster.
    pub p99: Duration,
    /// The slowest.
    pub max: Duration,
}

impl Tally {
    /// Counts a call that came to an end.
    pub(crate) fn add(
        &self,
        name: &'static str,
        latency: Duration,
        attempts: u64,
        status: Code,
        reason: &str,
    ) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = match all.entry(name) {
            std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let Ok(latency) = Histogram::new_with_max(MOST_MICROS, DIGITS) else {
                    return;
                };
                place.insert(Calls {
                    latency,
                    statuses: BTreeMap::new(),
                    ok: 0,
                    attempts: 0,
                })
            }
        };
        calls.attempts += attempts;
        if status == Code::Ok {
            calls.ok += 1;
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            calls.latency.saturating_record(micros.max(1));
        } else {
            let words = format!("{} {reason}", code_name(status));
            *calls
                .statuses
                .entry(words.trim_end().to_owned())
                .or_default() += 1;
        }
    }

    /// What has been counted so far.
    pub(crate) fn measured(&self) -> Vec<Measured> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(name, calls)| {
                let at =
                    |quantile| Duration::from_micros(calls.latency.value_at_quantile(quantile));
                Measured {
                    name,
                    ok: calls.ok,
                    count: calls.ok + calls.statuses.values().sum::<u64>(),
                    attempts: calls.attempts,
                    refused: calls.statuses.clone(),
                    p50: at(0.5),
                    p95: at(0.95),
                    p99: at(0.99),
                    max: Duration::from_micros(calls.latency.max()),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::Code;

    use super::Tally;

    #[test]
    fn counts_what_was_refused_beside_what_was_answered() {
        let tally = Tally::default();
        for millis in 1..=100 {
            tally.add("Get", Duration::from_millis(millis), 1, Code::Ok, "");
        }
        let late = Duration::from_secs(9);
        tally.add("Get", late, 3, Code::Unavailable, "DRAINING");
        let measured = tally.measured();
        let [get] = measured.as_slice() else {
            unreachable!("one kind of call was made");
        };
        assert_eq!((get.ok, get.count, get.attempts), (100, 101, 103));
        assert_eq!(get.refused.get("UNAVAILABLE DRAINING"), Some(&1));
        assert_eq!(get.p50.as_millis(), 50);
        assert_eq!(get.max.as_millis(), 100);
    }
}
