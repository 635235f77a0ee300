//! Lines for the recorded run. 4 KiB in all per call; what is more is cut.

use crate::bindings::postlude::plugin::log::{Level, write};

/// For whoever writes the plugin.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Somebody should look.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Something is wrong.
pub fn error(message: &str) {
    write(Level::Error, message);
}
