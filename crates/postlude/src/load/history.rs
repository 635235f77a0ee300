//! Every call of a run with its times and its answer, for an oracle that looks afterwards.
//!
//! A line of JSON per call. What stands here as OK was acknowledged: it must be found again, once.

use std::{
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::Serialize;

/// A call that came to an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The method.
    pub call: &'static str,
    /// The order it is about; empty for lists.
    pub order_id: String,
    /// The return it is about; empty before there is one.
    pub return_id: String,
    /// Under which id it was asked for; empty for reads.
    pub request_id: String,
    /// When it was due: microseconds since the run began.
    pub due_micros: u64,
    /// When its last answer came, on the same clock.
    pub ended_micros: u64,
    /// How often it went over the wire.
    pub attempts: u64,
    /// The last answer's code, as the specification spells it.
    pub status: &'static str,
    /// The reason that came with it; empty with OK.
    pub reason: String,
}

/// Where calls are written down. A clone is the same place.
#[derive(Debug, Clone)]
pub struct History(Arc<Place>);

#[derive(Debug)]
enum Place {
    Nowhere,
    Memory(Mutex<Vec<Entry>>),
    File(Mutex<std::io::BufWriter<std::fs::File>>),
}

impl History {
    /// Nothing is written down.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::new(Place::Nowhere))
    }

    /// Kept in memory, for [`take`](Self::take).
    #[must_use]
    pub fn memory() -> Self {
        Self(Arc::new(Place::Memory(Mutex::default())))
    }

    /// Written to a new file; one that is there is replaced.
    ///
    /// # Errors
    /// If the file can't be made.
    pub fn file(path: &Path) -> anyhow::Result<Self> {
        let file = std::fs::File::create(path)
            .with_context(|| format!("{} can't be written", path.display()))?;
        let file = std::io::BufWriter::new(file);
        Ok(Self(Arc::new(Place::File(Mutex::new(file)))))
    }

    pub(crate) fn add(&self, entry: Entry) -> anyhow::Result<()> {
        match self.0.as_ref() {
            Place::Nowhere => {}
            Place::Memory(entries) => {
                let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
                entries.push(entry);
            }
            Place::File(file) => {
                let mut line = serde_json::to_vec(&entry)?;
                line.push(b'\n');
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.write_all(&line).context("the history")?;
            }
        }
        Ok(())
    }

    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        if let Place::File(file) = self.0.as_ref() {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.flush().context("the history")?;
        }
        Ok(())
    }

    /// What was kept in memory, in the order in which it ended; the history is empty afterwards.
    pub fn take(&self) -> Vec<Entry> {
        match self.0.as_ref() {
            Place::Nowhere | Place::File(_) => Vec::new(),
            Place::Memory(entries) => {
                std::mem::take(&mut *entries.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}
