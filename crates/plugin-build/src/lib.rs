//! From a plugin's sources to its bundle: which compiler, what is made of its module, how it is packed.
//!
//! Used by `postlude plugin build` and by `cargo xtask plugins`; knows nothing of the platform. Checking
//! a bundle is the registry's.

pub mod pack;
pub mod toolchain;

use anyhow::{Context as _, Result};

/// Makes a component of a core module that was built with the SDK.
///
/// # Errors
/// If the module is none, or wasn't built with the SDK.
pub fn componentise(module: &[u8]) -> Result<Vec<u8>> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context("no component can be made of it: was it built with the SDK?")
}
