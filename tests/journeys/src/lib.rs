//! What crosses services is tested here: the whole platform, through its gateway, on both databases.
//!
//! - [`World`]: the platform in this process. [`Served`]: the platform as a process to be killed.
//! - [`story`]: one order's story as steps that may be told again. [`shop`]: who tells it.
//! - [`dynamic`], [`fill`]: calls of any method, from the descriptors.
//! - [`bundles`]: plugins to install. [`sink`]: the retailer's payment system. [`log`]: what was told.
//!
//! Scenarios are in `tests/it`; one service's own behaviour is tested in that service.

#![allow(clippy::panic, reason = "a test may fail loudly")]

pub mod bundles;
pub mod dynamic;
pub mod fill;
pub mod keys;
pub mod log;
pub mod process;
pub mod shop;
pub mod sink;
pub mod story;
pub mod wait;
pub mod world;

pub use process::Served;
pub use shop::Shop;
pub use world::World;
