//! Keys that were read lately, so that not every call asks the database.
//!
//! Nothing older than [`STALE`] is believed: that is what makes a revocation hold within a second,
//! wherever it happened. Half of that time before, one call reads the key again while the others
//! go on with what is known.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use postlude_store::Store;
use tokio::time::Instant;

use crate::{
    error::Error,
    store::{api_keys, platform},
};

/// Nothing older is believed.
const STALE: Duration = Duration::from_millis(900);
/// From here on one call reads again.
const AGING: Duration = Duration::from_millis(450);
/// More keys than this are not kept; unknown ones come from whoever guesses.
const MOST: usize = 10_000;

/// Keys by id.
#[derive(Debug)]
pub(crate) struct KeyCache {
    store: Store,
    entries: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug, Clone)]
struct Entry {
    key: Option<Arc<api_keys::Model>>,
    read_at: Instant,
    refreshing: bool,
}

impl KeyCache {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            entries: Mutex::default(),
        }
    }

    /// The key, as it was at most a second ago.
    pub(crate) async fn get(&self, key_id: &str) -> Result<Option<Arc<api_keys::Model>>, Error> {
        if let Some(known) = self.known(key_id) {
            return Ok(known);
        }
        // The age counts from before the question: an answer may be on its way while the key is
        // being revoked.
        let read_at = Instant::now();
        let scope = self.store.read(&platform()?).await?;
        let key = api_keys::find(&scope, key_id).await?.map(Arc::new);
        drop(scope);
        let mut entries = self.lock();
        if entries.len() >= MOST {
            entries.retain(|_, entry| entry.read_at.elapsed() < STALE);
        }
        if entries.len() < MOST {
            entries.insert(
                key_id.to_owned(),
                Entry {
                    key: key.clone(),
                    read_at,
                    refreshing: false,
                },
            );
        }
        Ok(key)
    }

    /// Forgets a key that was changed here.
    pub(crate) fn forget(&self, key_id: &str) {
        self.lock().remove(key_id);
    }

    fn known(&self, key_id: &str) -> Option<Option<Arc<api_keys::Model>>> {
        let mut entries = self.lock();
        let entry = entries.get_mut(key_id)?;
        let age = entry.read_at.elapsed();
        if age >= STALE || (age >= AGING && !entry.refreshing) {
            entry.refreshing = true;
            return None;
        }
        Some(entry.key.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
