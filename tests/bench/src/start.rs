//! From the process to the first call, and what it holds when it has nothing to do.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use postlude_chaos::{figures, serving::Serving};
use postlude_xtask::run::{self, Watch};
use tempfile::TempDir;

use crate::figure::{Figure, Goal, median};

const ROUNDS: usize = 7;
/// Seconds that an idle process is left alone before it is looked at.
const IDLE: u64 = 5;

/// Time to ready, on a new folder and on one that was used before.
pub(crate) fn start(binary: &Path) -> anyhow::Result<Vec<Figure>> {
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir()?;
        for times in [&mut fresh, &mut again] {
            let watch = Watch::start();
            let serving = serve(binary, &folder)?;
            times.push(watch.elapsed().as_secs_f64() * 1e3);
            drop(serving);
        }
    }
    let figure = |name: &str, times| Figure {
        name: name.to_owned(),
        value: median(times),
        unit: "ms",
        floor: None,
        goal: Goal::AtMost(1_000.0),
    };
    Ok(vec![
        figure("start, new folder", fresh),
        figure("start, used folder", again),
    ])
}

/// Memory with nothing to do.
pub(crate) fn memory(binary: &Path) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let serving = serve(binary, &folder)?;
    let watch = Watch::start();
    run::wait_until("the process to settle", Duration::from_secs(60), || {
        Ok(watch.elapsed().as_secs() >= IDLE)
    })?;
    let used = figures::used(serving.pid()).context("the process runs")?;
    Ok(vec![Figure {
        name: "memory, idle".to_owned(),
        value: used.memory_kib as f64 / 1024.0,
        unit: "MiB",
        floor: None,
        goal: Goal::AtMost(80.0),
    }])
}

fn serve(binary: &Path, folder: &TempDir) -> anyhow::Result<Serving> {
    let folder = folder.path().display().to_string();
    Serving::start(binary, &[("POSTLUDE_DATA_DIR".to_owned(), folder)])
}
