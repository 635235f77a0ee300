//! Points in time: microseconds since the Unix epoch, UTC.

use std::{fmt, time::Duration};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A point in time in microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds are what both databases keep without rounding, so a value survives a round trip.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text or number that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The text isn't RFC 3339.
    #[error("`{0}` is not an RFC 3339 time such as 2026-01-31T12:00:00Z")]
    Format(String),
    /// The value lies outside the years 1 to 9999.
    #[error("the time lies outside the years 1 to 9999")]
    Range,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The point that lies `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// From the two halves of protobuf's `Timestamp`; nanoseconds below a microsecond are dropped.
    ///
    /// # Errors
    /// [`TimestampError::Range`] if the seconds don't fit or the nanoseconds are not 0 to 999,999,999.
    pub fn from_seconds_nanos(seconds: i64, nanos: i32) -> Result<Self, TimestampError> {
        if !(0..1_000_000_000).contains(&nanos)
            || !(-62_135_596_800..=253_402_300_799).contains(&seconds)
        {
            return Err(TimestampError::Range);
        }
        Ok(Self(seconds * 1_000_000 + i64::from(nanos / 1_000)))
    }

    /// The two halves of protobuf's `Timestamp`.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a remainder below a million, times a thousand, fits"
    )]
    pub const fn to_seconds_nanos(self) -> (i64, i32) {
        (
            self.0.div_euclid(1_000_000),
            (self.0.rem_euclid(1_000_000) * 1_000) as i32,
        )
    }

    /// Parses RFC 3339.
    ///
    /// # Errors
    /// [`TimestampError::Format`] if the text isn't RFC 3339.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>()
            .map(|parsed| Self(parsed.as_microsecond()))
            .map_err(|_| TimestampError::Format(text.to_owned()))
    }

    /// This point plus a span; stays at the far end instead of overflowing.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// This point minus a span; stays at the far end instead of overflowing.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// This point plus whole days of 24 hours.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(MICROS_PER_DAY)))
    }

    /// This point plus calendar months, in UTC; where the month is too short, its last day. Stays at the
    /// far end instead of overflowing.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        jiff::Timestamp::from_microsecond(self.0)
            .and_then(|time| {
                let span = jiff::Span::new().try_months(months)?;
                time.to_zoned(jiff::tz::TimeZone::UTC).checked_add(span)
            })
            .map_or(Self(i64::MAX), |later| {
                Self(later.timestamp().as_microsecond())
            })
    }

    /// How long ago `earlier` was; zero if it is later than this point.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whether the day, in UTC, is a Saturday or a Sunday.
    #[must_use]
    pub const fn is_weekend(self) -> bool {
        // The epoch was a Thursday: day 2 was the first Saturday.
        matches!(self.0.div_euclid(MICROS_PER_DAY).rem_euclid(7), 2 | 3)
    }

    /// The last microsecond of this point's day, in UTC.
    #[must_use]
    pub const fn end_of_day(self) -> Self {
        Self((self.0.div_euclid(MICROS_PER_DAY) + 1) * MICROS_PER_DAY - 1)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_text_and_protobuf() {
        let time = Timestamp::parse("2026-02-03T04:05:06.789012Z").unwrap_or_default();
        assert_eq!(time.to_string(), "2026-02-03T04:05:06.789012Z");
        let (seconds, nanos) = time.to_seconds_nanos();
        assert_eq!(Timestamp::from_seconds_nanos(seconds, nanos), Ok(time));
    }

    #[test]
    fn adds_calendar_months() {
        let time = |text| Timestamp::parse(text).unwrap_or_default();
        for (from, months, to) in [
            ("2026-01-31T12:00:00Z", 1, "2026-02-28T12:00:00Z"),
            ("2024-02-29T12:00:00Z", 12, "2025-02-28T12:00:00Z"),
            ("2026-03-05T00:00:00Z", 24, "2028-03-05T00:00:00Z"),
            ("2026-03-05T00:00:00Z", 0, "2026-03-05T00:00:00Z"),
        ] {
            assert_eq!(
                time(from).plus_months(months),
                time(to),
                "{from} + {months}"
            );
        }
        assert_eq!(
            Timestamp::EPOCH.plus_months(u32::MAX),
            Timestamp::from_micros(i64::MAX)
        );
    }

    #[test]
    fn knows_weekends_before_and_after_the_epoch() {
        for (day, weekend) in [
            ("2026-11-20", false),
            ("2026-11-21", true),
            ("2026-11-22", true),
            ("2026-11-23", false),
            ("1969-12-28", true),
            ("1969-12-29", false),
        ] {
            let time = Timestamp::parse(&format!("{day}T12:00:00Z")).unwrap_or_default();
            assert_eq!(time.is_weekend(), weekend, "{day}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        assert!(Timestamp::parse("yesterday").is_err());
        assert!(Timestamp::from_seconds_nanos(0, -1).is_err());
        assert!(Timestamp::from_seconds_nanos(i64::MAX, 0).is_err());
    }
}
