//! Days as people count them: by their own clock, with weekends and holidays.

/// Microseconds of a day.
pub const DAY_MICROS: i64 = 86_400_000_000;
const MINUTE_MICROS: i64 = 60_000_000;

/// A day, counted from 1970-01-01.
pub type Day = i64;

/// The day on which a point in time falls, where the clock is `offset_minutes` ahead of UTC.
#[must_use]
pub fn day_of(micros: i64, offset_minutes: i32) -> Day {
    local(micros, offset_minutes).div_euclid(DAY_MICROS)
}

/// The last microsecond of a day there.
#[must_use]
pub fn end_of(day: Day, offset_minutes: i32) -> i64 {
    day.saturating_add(1)
        .saturating_mul(DAY_MICROS)
        .saturating_sub(i64::from(offset_minutes) * MINUTE_MICROS)
        .saturating_sub(1)
}

/// `day` if it is a working day, else the next one.
#[must_use]
pub fn working_day(day: Day, holidays: &[Day]) -> Day {
    let mut day = day;
    while is_weekend(day) || holidays.contains(&day) {
        day = day.saturating_add(1);
    }
    day
}

/// Saturday or Sunday.
#[must_use]
pub fn is_weekend(day: Day) -> bool {
    // 1970-01-01 was a Thursday.
    matches!(day.saturating_add(3).rem_euclid(7), 5 | 6)
}

/// Reads `2026-12-25`.
#[must_use]
pub fn parse(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let shaped = parts.next().is_none() && year.len() == 4 && month.len() == 2 && day.len() == 2;
    let (year, month, day): (i64, i64, i64) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let found = days_from_civil(year, month, day);
    // Round trip: 2026-02-30 is no day.
    (shaped && civil(found) == (year, month, day)).then_some(found)
}

/// Writes `2026-12-25`.
#[must_use]
pub fn text(day: Day) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

fn local(micros: i64, offset_minutes: i32) -> i64 {
    micros.saturating_add(i64::from(offset_minutes) * MINUTE_MICROS)
}

// Howard Hinnant's algorithms on the proleptic Gregorian calendar: years begin in March, so that
// the leap day is the last.
fn days_from_civil(year: i64, month: i64, day: i64) -> Day {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil(day: Day) -> (i64, i64, i64) {
    let shifted = day.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn dates_survive_a_round_trip() {
        for (date, day) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2026-11-22", 20_779),
            ("1969-12-31", -1),
        ] {
            assert_eq!(parse(date), Some(day), "{date}");
            assert_eq!(text(day), date);
        }
        for wrong in [
            "2026-02-30",
            "2026-13-01",
            "2026-1-1",
            "2026-01",
            "x",
            "2026-01-01-01",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_period_that_ends_on_a_weekend_or_holiday_ends_on_the_next_working_day() {
        let saturday = parse("2026-11-21").unwrap();
        assert!(is_weekend(saturday) && is_weekend(saturday + 1) && !is_weekend(saturday + 2));
        assert_eq!(text(working_day(saturday, &[])), "2026-11-23");
        let holiday = parse("2026-11-23").unwrap();
        assert_eq!(text(working_day(saturday, &[holiday])), "2026-11-24");
    }

    #[test]
    fn a_day_ends_by_the_customers_clock() {
        let late = parse("2026-11-22").unwrap() * DAY_MICROS + 23 * 3_600_000_000;
        assert_eq!(text(day_of(late, 0)), "2026-11-22");
        assert_eq!(text(day_of(late, 120)), "2026-11-23");
        assert_eq!(end_of(0, 0), DAY_MICROS - 1);
        assert_eq!(end_of(0, 60), DAY_MICROS - 1 - 3_600_000_000);
    }
}
