//! Page tokens: where a list goes on, unreadable to the caller.
//!
//! A token carries the keys of the last row of a page and a digest of the list that it belongs to, so
//! that a token of one filter isn't taken for a place in another.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::StoreError;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken {
    list: Vec<u8>,
    after: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Wire {
    #[prost(bytes = "vec", tag = "1")]
    list: Vec<u8>,
    #[prost(string, repeated, tag = "2")]
    after: Vec<String>,
}

impl PageToken {
    /// A token for the list `list` (method and filter, as text) that goes on after the row with the
    /// keys `after`.
    pub fn new(list: &str, after: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            list: digest(list),
            after: after.into_iter().map(Into::into).collect(),
        }
    }

    /// The token as the caller sees it.
    #[must_use]
    pub fn encode(&self) -> String {
        let wire = Wire {
            list: self.list.clone(),
            after: self.after.clone(),
        };
        URL_SAFE_NO_PAD.encode(wire.encode_to_vec())
    }

    /// Reads what a caller sent; an empty text is the first page.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] if it isn't a token of this list.
    pub fn decode(token: &str, list: &str) -> Result<Option<Self>, StoreError> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| StoreError::PageToken)?;
        let wire = Wire::decode(bytes.as_slice()).map_err(|_| StoreError::PageToken)?;
        if wire.list != digest(list) || wire.after.is_empty() {
            return Err(StoreError::PageToken);
        }
        Ok(Some(Self {
            list: wire.list,
            after: wire.after,
        }))
    }

    /// The key at `index` of the last row of the page before.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] if the token has no such key.
    pub fn text(&self, index: usize) -> Result<&str, StoreError> {
        self.after
            .get(index)
            .map(String::as_str)
            .ok_or(StoreError::PageToken)
    }

    /// The key at `index`, as a number.
    ///
    /// # Errors
    /// [`StoreError::PageToken`] if the token has no such key or it isn't a number.
    pub fn number(&self, index: usize) -> Result<i64, StoreError> {
        self.text(index)?.parse().map_err(|_| StoreError::PageToken)
    }
}

fn digest(list: &str) -> Vec<u8> {
    let mut digest = Sha256::digest(list.as_bytes()).to_vec();
    digest.truncate(8);
    digest
}
