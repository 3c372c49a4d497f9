//! ISO 8601 times, to and from milliseconds since the Unix epoch, in UTC.
//!
//! `jiff` without std would make the component 175 KB larger. It also accepts forms that are
//! refused here, such as `+0100`.

use alloc::format;
use alloc::string::String;

const DAY_MS: i64 = 86_400_000;

/// Returns a number of days in milliseconds.
pub fn days_ms(days: u32) -> i64 {
    i64::from(days) * DAY_MS
}

/// Returns the days since 1970-01-01 of a date in the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // The year is counted from March, so that the leap day is the last day of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// Reads `2026-03-09T12:30:45.678Z`, with or without the fraction and with `Z` or an offset.
pub fn parse_iso(text: &str) -> Option<i64> {
    let bytes = text.trim().as_bytes();
    let number = |from: usize, len: usize| -> Option<i64> {
        let digits = bytes.get(from..from + len)?;
        digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let separated = separators.iter().all(|(at, separator)| bytes.get(*at) == Some(separator));
    if !separated || !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let mut at = 19;
    let mut millis = 0;
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        let known = digits.min(3);
        millis = number(at + 1, known)? * [1000, 100, 10, 1][known];
        at += 1 + digits;
    }
    let offset = match bytes.get(at)? {
        b'Z' | b'z' if bytes.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if bytes.len() == at + 6 && bytes[at + 3] == b':' => {
            let minutes = number(at + 1, 2)? * 60 + number(at + 4, 2)?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let seconds = hour * 3600 + (minute - offset) * 60 + second;
    Some(days_from_civil(year, month, day) * DAY_MS + seconds * 1000 + millis)
}

/// Writes `2026-03-09T12:30:45.678Z`.
pub fn format_iso(unix_ms: i64) -> String {
    let (year, month, day) = civil_from_days(unix_ms.div_euclid(DAY_MS));
    let of_day = unix_ms.rem_euclid(DAY_MS);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, millis) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_read_and_written() {
        for (text, ms) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2026-01-05T09:00:00.000Z", 1_767_603_600_000),
            ("1969-12-31T23:59:59.000Z", -1000),
        ] {
            assert_eq!(parse_iso(text), Some(ms), "{text}");
            assert_eq!(format_iso(ms), text);
        }
    }

    #[test]
    fn dates_survive_a_round_trip_over_eight_centuries() {
        for day in (-150_000..150_000).step_by(37) {
            let (year, month, date) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, date), day);
        }
    }

    #[test]
    fn offsets_and_fractions_are_read() {
        let noon = parse_iso("2026-03-09T12:00:00Z");
        assert_eq!(parse_iso("2026-03-09T13:30:00+01:30"), noon);
        assert_eq!(parse_iso("2026-03-09T11:00:00-01:00"), noon);
        assert_eq!(parse_iso("2026-03-09T12:00:00.5Z"), noon.map(|ms| ms + 500));
        assert_eq!(parse_iso("2026-03-09T12:00:00.123456789Z"), noon.map(|ms| ms + 123));
    }

    #[test]
    fn an_invalid_time_is_not_read() {
        for bad in [
            "",
            "yesterday",
            "2026-03-09",
            "2026-13-09T12:00:00Z",
            "2026-03-09T12:00:00",
            "2026-03-09T12:00:00.Zx",
            "2026-03-09T25:00:00Z",
            "2026-03-09T12:00:00+0100",
            "20é6-03-09T12:00:00Z",
        ] {
            assert_eq!(parse_iso(bad), None, "{bad}");
        }
    }
}
