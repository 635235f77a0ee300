//! Contract ↔ domain.

pub(crate) mod installation;
pub(crate) mod version;
