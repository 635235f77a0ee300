//! What the registry decides, without a database: versions, hooks, and which installation answers.

pub(crate) mod hook;
pub(crate) mod installation;
pub(crate) mod version;

pub(crate) use hook::Hook;
pub(crate) use installation::{FaultAction, Installation, Refused, State};
pub(crate) use version::Version;
