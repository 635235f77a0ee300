//! What became of an import: counts, failures, and totals over what the platform took.

use std::collections::{BTreeMap, HashSet};

use postlude_proto::orders::v1::{ImportOrdersRequest, ImportOrdersResponse};
use serde_json::json;

use crate::cli::output::{grouped, note, table};

/// Failures that are listed, at most.
const LISTED: usize = 1_000;

/// What became of an import so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    created: i64,
    updated: i64,
    unchanged: i64,
    failed: i64,
    failures: Vec<(i64, String)>,
    customers: HashSet<String>,
    units: i64,
    /// Minor units by currency.
    totals: BTreeMap<String, i128>,
}

impl Report {
    /// Counts a line that holds no order.
    pub(crate) fn unreadable(&mut self, line_number: i64, rule: String) {
        self.failed += 1;
        self.list(line_number, rule);
    }

    /// Counts a batch and what the platform answered to it.
    pub(crate) fn batch(&mut self, batch: &[ImportOrdersRequest], answer: ImportOrdersResponse) {
        self.created += answer.created_count;
        self.updated += answer.updated_count;
        self.unchanged += answer.unchanged_count;
        self.failed += answer.failed_count;
        let refused: HashSet<i64> = answer
            .failures
            .iter()
            .map(|failure| failure.line_number)
            .collect();
        for failure in answer.failures {
            let order = failure.order_id;
            self.list(
                failure.line_number,
                format!("order {order}: {} ({})", failure.message, failure.reason),
            );
        }
        let accepted = batch
            .iter()
            .filter(|element| !refused.contains(&element.line_number))
            .filter_map(|element| element.order.as_ref());
        for order in accepted {
            if !self.customers.contains(&order.customer_id) {
                self.customers.insert(order.customer_id.clone());
            }
            for line in &order.lines {
                self.units += i64::from(line.quantity);
                let total = line.line_total.as_ref();
                *self.totals.entry(order.currency_code.clone()).or_default() +=
                    i128::from(total.map_or(0, |money| money.amount_minor));
            }
        }
    }

    /// Lines that were not imported.
    pub(crate) const fn failed(&self) -> i64 {
        self.failed
    }

    /// Lines that were read.
    pub(crate) const fn read(&self) -> i64 {
        self.accepted() + self.failed
    }

    const fn accepted(&self) -> i64 {
        self.created + self.updated + self.unchanged
    }

    /// A few words for the progress bar.
    pub(crate) fn progress(&self) -> String {
        format!(
            "{} in, {} refused",
            grouped(self.accepted().into()),
            grouped(self.failed.into())
        )
    }

    /// The report for programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        let totals: serde_json::Map<_, _> = self
            .totals
            .iter()
            .map(|(currency, total)| {
                (
                    currency.clone(),
                    json!(i64::try_from(*total).unwrap_or(i64::MAX)),
                )
            })
            .collect();
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|(line_number, message)| json!({"line_number": line_number, "message": message}))
            .collect();
        json!({
            "read": self.read(),
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "orders": self.accepted(),
            "customers": self.customers.len(),
            "units": self.units,
            "total_minor": totals,
            "failures": failures,
        })
    }

    /// The report for people.
    pub(crate) fn text(&self) -> String {
        let count = |number: i64| grouped(number.into());
        let mut rows = vec![
            ["created".to_owned(), count(self.created)],
            ["updated".to_owned(), count(self.updated)],
            ["unchanged".to_owned(), count(self.unchanged)],
            ["failed".to_owned(), count(self.failed)],
            ["orders accepted".to_owned(), count(self.accepted())],
            [
                "customers".to_owned(),
                grouped(i128::try_from(self.customers.len()).unwrap_or(0)),
            ],
            ["units".to_owned(), count(self.units)],
        ];
        for (currency, total) in &self.totals {
            rows.push([format!("{currency} minor units"), grouped(*total)]);
        }
        format!(
            "{}\nnext: `postlude orders totals` counts what the platform holds now",
            table(["imported", ""], rows)
        )
    }

    /// Lists each line that was not imported.
    pub(crate) fn failures_to_stderr(&self) {
        for (line_number, message) in &self.failures {
            note(&format!("line {line_number}: {message}"));
        }
        let unlisted = self.failed - i64::try_from(self.failures.len()).unwrap_or(0);
        if unlisted > 0 {
            note(&format!("and {} more", grouped(unlisted.into())));
        }
    }

    fn list(&mut self, line_number: i64, message: String) {
        if self.failures.len() < LISTED {
            self.failures.push((line_number, message));
        }
    }
}
