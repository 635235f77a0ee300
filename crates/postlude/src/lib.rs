//! The composition root: which services there are, on what they stand, and the command line.
//!
//! - [`platform`]: starts services and gateway in one process, or some of them, and stops them. The
//!   only place that knows whether a database is a file or a server, and whether a service is near
//!   or far.
//! - [`load`]: calls a running platform as many shops at once would, and measures.
//! - [`cli`]: what people type.
//!
//! Owns no behaviour of its own: whatever a retailer sees is a service's.

pub mod cli;
pub mod load;
mod payments;
pub mod platform;

pub use platform::{Part, Platform, PlatformError, Surroundings};

/// A fifth of what an import computes is memory taken and given back between threads, which the C
/// library's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
