//! How long a call may take: read from `grpc-timeout`, kept while the call runs, passed on.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

/// gRPC's own header.
pub const HEADER: &str = "grpc-timeout";

tokio::task_local! {
    static UNTIL: Instant;
}

/// The time that a caller gives, from its header; `None` if it gives no readable one.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount.saturating_mul(3600))),
        "M" => Some(Duration::from_secs(amount.saturating_mul(60))),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// Puts the time that is left into the header, over what was there.
pub fn write(headers: &mut HeaderMap, left: Duration) {
    // Eight digits is what the protocol allows; milliseconds reach 27 hours with them.
    let millis = left.as_millis().clamp(1, 99_999_999);
    if let Ok(value) = HeaderValue::from_str(&format!("{millis}m")) {
        headers.insert(HEADER, value);
    }
}

/// The time that the running call still has, if it has a deadline.
#[must_use]
pub fn left() -> Option<Duration> {
    UNTIL
        .try_with(|until| until.saturating_duration_since(Instant::now()))
        .ok()
}

/// Runs `work` under a deadline that calls made inside it inherit.
///
/// # Errors
/// [`Elapsed`](tokio::time::error::Elapsed) when the time is over.
pub async fn within<T>(
    time: Duration,
    work: impl Future<Output = T>,
) -> Result<T, tokio::time::error::Elapsed> {
    let until = Instant::now() + time;
    tokio::time::timeout_at(until, UNTIL.scope(until, work)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_grpc_writes() {
        for (text, expected) in [
            ("2S", Some(Duration::from_secs(2))),
            ("150m", Some(Duration::from_millis(150))),
            ("99999999u", Some(Duration::from_micros(99_999_999))),
            ("1H", Some(Duration::from_secs(3600))),
            ("123456789m", None),
            ("m", None),
            ("", None),
            ("5x", None),
            ("é", None),
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                headers.insert(HEADER, value);
            }
            assert_eq!(read(&headers), expected, "{text}");
        }
    }
}
