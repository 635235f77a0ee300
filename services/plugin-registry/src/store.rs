//! The tables.
//!
//! | table | tenant | what |
//! | --- | --- | --- |
//! | `plugin` | retailer | a plugin's id, once it has a version |
//! | `plugin_version` | retailer | what was uploaded; never changes |
//! | `installation` | retailer | what is, or was, in service |
//! | `installation_history` | retailer | what was put into service, by generation; never changes |
//! | `generation` | both | counts a retailer's changes; `platform`: the changes of all |
//! | `binding` | `platform` | what answers each hook of each retailer, for services |
//! | `component` | `platform` | components by digest, for services |
//!
//! `platform` rows are written in the transaction of the retailer's change and read by internal
//! methods only.

pub(crate) mod bindings;
pub(crate) mod changes;
pub(crate) mod components;
pub(crate) mod generations;
pub(crate) mod history;
pub(crate) mod installations;
pub(crate) mod plugins;
pub(crate) mod versions;
