//! What an operator can set, each with its default and its reason.

use std::time::Duration;

use serde::Deserialize;

/// The section `[orders]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Days without a scan after which a parcel counts as stuck. Seven: carriers are silent over a
    /// long weekend, not over a week.
    pub(crate) stuck_after_days: u32,
    /// Services that must acknowledge an erasure before it is a receipt. A service that keeps no
    /// customer has no place here: it would never answer.
    pub(crate) erasure_participants: Vec<String>,
    /// Orders of an import that are saved in one transaction. Larger is faster and holds the
    /// database's only writer for longer on SQLite.
    pub(crate) import_batch: usize,
    /// Milliseconds after which a watch looks for changes that another replica made.
    pub(crate) watch_poll_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stuck_after_days: 7,
            erasure_participants: vec!["orders".to_owned(), "returns".to_owned()],
            import_batch: 500,
            watch_poll_ms: 1_000,
        }
    }
}

impl Config {
    /// How long a parcel may be silent.
    pub(crate) fn stuck_after(&self) -> Duration {
        Duration::from_secs(u64::from(self.stuck_after_days) * 86_400)
    }

    /// How often a watch looks again by itself.
    pub(crate) fn watch_poll(&self) -> Duration {
        Duration::from_millis(self.watch_poll_ms.max(10))
    }

    /// Who must acknowledge an erasure; this service always does.
    pub(crate) fn erasure_participants(&self) -> Vec<String> {
        let own = "orders".to_owned();
        let mut services = self.erasure_participants.clone();
        if !services.contains(&own) {
            services.insert(0, own);
        }
        services
    }
}
