//! The `Retry-After` header: seconds, or an HTTP date.

use std::time::Duration;

use postlude_kernel::Timestamp;

/// Nobody waits longer than this because an endpoint says so.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Reads the header's text as a wait from `now`.
pub(super) fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => http_date(text)?.since(now),
    };
    Some(wait.min(LONGEST))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if parts.next() != Some("GMT") {
        return None;
    }
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_dates() {
        let now = Timestamp::parse("1994-11-06T08:48:37Z").unwrap_or_default();
        for (text, expected) in [
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("999999999", Some(24 * 3600)),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(
                parse(text, now),
                expected.map(Duration::from_secs),
                "{text}"
            );
        }
    }
}
