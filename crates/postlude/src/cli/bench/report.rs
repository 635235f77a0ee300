//! What a run of load came to, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    cli::output::{grouped, table},
    load::{Pace, Plan, Summary, millis, per_second},
};

/// A run and what came of it.
pub(super) struct Report<'a> {
    pub(super) plan: &'a Plan,
    pub(super) summary: &'a Summary,
    /// How long after the last call the last refund was confirmed.
    pub(super) settled: Option<Duration>,
    /// Refund commands that reached the load's payment system, by key.
    pub(super) commands: Option<usize>,
}

impl Report<'_> {
    /// The time until everything that the calls caused was done.
    fn whole(&self) -> Duration {
        self.summary.elapsed + self.settled.unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        let rows = self.summary.calls.iter().map(|call| {
            [
                call.name.to_owned(),
                grouped(call.ok.into()),
                grouped((call.count - call.ok).into()),
                format!("{:.1}", per_second(call.ok, self.summary.elapsed)),
                millis(call.p50),
                millis(call.p95),
                millis(call.p99),
                millis(call.max),
            ]
        });
        let header = [
            "call", "ok", "not", "a second", "p50 ms", "p95 ms", "p99 ms", "max ms",
        ];
        let mut text = table(header, rows);
        for call in &self.summary.calls {
            for (status, count) in &call.refused {
                text.push_str(&format!(
                    "\n{}: {} × {status}",
                    call.name,
                    grouped((*count).into())
                ));
            }
        }
        text.push_str(&format!(
            "\n{} in {:.1} s: {:.1} answered a second",
            self.pace(),
            self.summary.elapsed.as_secs_f64(),
            self.summary.answered_per_second()
        ));
        if self.summary.skipped > 0 {
            text.push_str(&format!(
                "\n{} calls were due and not made: {} were under way",
                grouped(self.summary.skipped.into()),
                self.plan.most_in_flight
            ));
        }
        if self.summary.refunded == 0 {
            return text;
        }
        text.push_str(&format!(
            "\n{} refunds asked for{}, {:.1} returns a second until then",
            grouped(self.summary.refunded.into()),
            match (self.settled, self.commands) {
                (Some(settled), Some(commands)) => format!(
                    "; all confirmed {} ms after the last call, {} commands by key",
                    millis(settled),
                    grouped(i128::try_from(commands).unwrap_or(i128::MAX))
                ),
                (Some(_) | None, _) => String::new(),
            },
            per_second(self.summary.refunded, self.whole()),
        ));
        text
    }

    fn pace(&self) -> String {
        match self.plan.pace {
            Pace::Rate(rate) => format!("{rate} calls a second ({})", self.plan.mix),
            Pace::Clients(1) => "1 client".to_owned(),
            Pace::Clients(clients) => format!("{clients} clients"),
        }
    }

    pub(super) fn json(&self) -> Value {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let calls: Vec<_> = self
            .summary
            .calls
            .iter()
            .map(|call| {
                json!({
                    "call": call.name,
                    "ok": call.ok,
                    "count": call.count,
                    "attempts": call.attempts,
                    "refused": call.refused,
                    "p50_micros": micros(call.p50),
                    "p95_micros": micros(call.p95),
                    "p99_micros": micros(call.p99),
                    "max_micros": micros(call.max),
                })
            })
            .collect();
        json!({
            "name": self.plan.name,
            "pace": self.pace(),
            "seed": self.plan.seed,
            "elapsed_micros": micros(self.summary.elapsed),
            "settled_micros": self.settled.map(micros),
            "answered_per_second": self.summary.answered_per_second(),
            "returns_per_second": per_second(self.summary.refunded, self.whole()),
            "skipped": self.summary.skipped,
            "refunded": self.summary.refunded,
            "refund_commands": self.commands,
            "calls": calls,
        })
    }
}
