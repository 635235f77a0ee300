//! One figure: a value, its floor in the same run, and what is aimed at.
#![allow(
    clippy::float_arithmetic,
    reason = "figures for people; nothing is decided by them"
)]

use serde_json::json;

/// What is aimed at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// The value is at most this.
    AtMost(f64),
    /// The value is at least this.
    AtLeast(f64),
    /// The value is this share of the floor at least.
    ShareOfFloor(f64),
    /// Nothing; it stands there to be known.
    None,
}

/// A figure.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) floor: Option<f64>,
    pub(crate) goal: Goal,
}

impl Figure {
    /// A figure that stands alone.
    pub(crate) const fn plain(name: String, value: f64, unit: &'static str) -> Self {
        Self {
            name,
            value,
            unit,
            floor: None,
            goal: Goal::None,
        }
    }

    /// The line that is printed.
    pub(crate) fn json(&self) -> String {
        let ratio = self.floor.map(|floor| self.value / floor);
        let (goal, met) = match self.goal {
            Goal::AtMost(most) => (format!("<= {most}"), Some(self.value <= most)),
            Goal::AtLeast(least) => (format!(">= {least}"), Some(self.value >= least)),
            Goal::None => (String::new(), None),
            Goal::ShareOfFloor(share) => (
                format!("ratio >= {share}"),
                ratio.map(|ratio| ratio >= share),
            ),
        };
        json!({
            "name": self.name,
            "value": round(self.value),
            "unit": self.unit,
            "floor": self.floor.map(round),
            "ratio": ratio.map(round),
            "goal": goal,
            "met": met,
        })
        .to_string()
    }
}

fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The one in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
