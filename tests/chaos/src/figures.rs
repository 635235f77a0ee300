//! What processes use, as Linux tells it.

use std::{fs, time::Duration};

/// What one process has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Memory that is its own or its share of what is shared, in KiB.
    pub memory_kib: u64,
    /// Processor time.
    pub processor: Duration,
}

/// What a process has used so far; nothing, if there is none.
#[must_use]
pub fn used(pid: u32) -> Option<Used> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Used {
        memory_kib: memory(pid)?,
        // The kernel tells hundredths of a second on every machine that we know.
        processor: Duration::from_millis((user + system) * 10),
    })
}

/// The same for a process and all that it has started.
#[must_use]
pub fn used_by_tree(pid: u32) -> Used {
    let mut sum = used(pid).unwrap_or_default();
    for child in children(pid) {
        let of_child = used_by_tree(child);
        sum.memory_kib += of_child.memory_kib;
        sum.processor += of_child.processor;
    }
    sum
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    fs::read_to_string(path)
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}

fn memory(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::used;

    #[test]
    fn this_process_uses_memory() {
        assert!(used(std::process::id()).is_some_and(|used| used.memory_kib > 100));
        assert_eq!(used(u32::MAX), None);
    }
}
