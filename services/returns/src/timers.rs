//! What happens when time passes, and jobs that are due at once: one file per kind.

pub(crate) mod close_window;
pub(crate) mod exchange_deadline;
pub(crate) mod expire_return;
pub(crate) mod issue_label;
pub(crate) mod lost_in_transit;
pub(crate) mod refund_command;
