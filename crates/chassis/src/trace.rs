//! The trace that a call belongs to, handed on by the W3C `traceparent` header.
//!
//! Events carry it too: the store reads it where an event is emitted.

use http::{HeaderMap, HeaderValue};
use postlude_store::trace as current;

/// The header.
pub const HEADER: &str = "traceparent";

/// The trace that a request names, if it is well formed.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let lengths = text
        .split('-')
        .map(|part| {
            let hex = part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            hex.then_some(part.len())
        })
        .collect::<Option<Vec<usize>>>()?;
    (lengths == [2, 32, 16, 2]).then(|| text.to_owned())
}

/// Puts the running work's trace into a request that has none.
pub fn write(headers: &mut HeaderMap) {
    if let Some(value) = current::current().and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(HEADER, value);
    }
}

/// Runs `work` as part of a trace, if there is one.
pub async fn scope<T>(parent: Option<String>, work: impl Future<Output = T>) -> T {
    match parent {
        Some(parent) => current::scope(parent, work).await,
        None => work.await,
    }
}
