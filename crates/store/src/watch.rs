//! Every statement, told to whoever measures what a call costs its database.

use std::sync::{Arc, OnceLock};

use sea_orm::{DatabaseConnection, Statement};

/// Who is told: the service, and the statement with its values.
pub type Watcher = Arc<dyn Fn(&'static str, &Statement) + Send + Sync>;

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// Tells `watcher` every statement of stores that are opened from now on; what begins and ends a
/// transaction isn't one. For benchmarks: one watcher a process, the first one stays.
pub fn statements(watcher: Watcher) {
    // A second one would only see what the first one sees.
    let _ = WATCHER.set(watcher);
}

pub(crate) fn attach(service: &'static str, connection: &mut DatabaseConnection) {
    if let Some(watcher) = WATCHER.get().cloned() {
        connection.set_metric_callback(move |info| watcher(service, info.statement));
    }
}
