//! Digests as Postlude writes them.

use sha2::{Digest as _, Sha256};

/// The digest of some bytes: `sha256:` and 64 hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}
