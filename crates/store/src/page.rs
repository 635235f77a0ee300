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

/// Entries on a page: 50 unless the caller wants otherwise, 500 at most.
#[must_use]
pub fn page_size(wanted: i32) -> u64 {
    match u64::try_from(wanted) {
        Ok(0) | Err(_) => 50,
        Ok(wanted) => wanted.min(500),
    }
}

/// Cuts rows that were read for a page, one more than it holds, to its size. Answers the token of the
/// next page, which goes on after the `keys` of the last row; an empty text on the last page.
pub fn cut_page<T>(
    rows: &mut Vec<T>,
    size: u64,
    list: &str,
    keys: impl FnOnce(&T) -> Vec<String>,
) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    match rows.last() {
        Some(last) if more => PageToken::new(list, keys(last)).encode(),
        Some(_) | None => String::new(),
    }
}

fn digest(list: &str) -> Vec<u8> {
    let mut digest = Sha256::digest(list.as_bytes()).to_vec();
    digest.truncate(8);
    digest
}
