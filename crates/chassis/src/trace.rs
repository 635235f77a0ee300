//! The trace that a call belongs to, handed on by the W3C `traceparent` header.
//!
//! Events carry it too: the store reads it where an event is emitted.

use http::HeaderMap;
use postlude_store::trace;

/// The header.
pub const HEADER: &str = "traceparent";

/// The trace that a request names, if it is well formed.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    trace::is_valid(text).then(|| text.to_owned())
}
