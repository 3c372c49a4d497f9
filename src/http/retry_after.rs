//! The `Retry-After` header: seconds, or one of the three date forms of HTTP (RFC 9110).

/// The longest wait that is believed: one day.
const CAP_MS: u64 = 24 * 60 * 60 * 1000;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How long to wait in milliseconds, at most a day; 0 for a date that has passed. `None` for
/// anything that is neither a number of seconds nor a date, a negative number included.
pub(super) fn parse(text: &str, now_unix_ms: u64) -> Option<u64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large for 64 bits can fail here.
        let seconds = text.parse::<u64>().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1000).min(CAP_MS));
    }
    let now = i64::try_from(now_unix_ms / 1000).ok()?;
    let then = date(text, now)?;
    let wait_ms = then.saturating_mul(1000).saturating_sub(i64::try_from(now_unix_ms).ok()?);
    Some(u64::try_from(wait_ms).unwrap_or(0).min(CAP_MS))
}

/// Reads a date as seconds since the Unix epoch. The day's name is not compared.
fn date(text: &str, now: i64) -> Option<i64> {
    let mut words = text.split_ascii_whitespace();
    let (day, month, year, time, zone);
    let name = words.next()?;
    if let Some(name) = name.strip_suffix(',') {
        letters(name)?;
        let next = words.next()?;
        if let Some((d, rest)) = next.split_once('-') {
            // Sunday, 06-Nov-94 08:49:37 GMT
            let (m, y) = rest.split_once('-')?;
            (day, month, year) = (digits(d, 2, 2)?, m, century(digits(y, 2, 2)?, now));
        } else {
            // Sun, 06 Nov 1994 08:49:37 GMT
            (day, month, year) = (digits(next, 2, 2)?, words.next()?, digits(words.next()?, 4, 4)?);
        }
        time = words.next()?;
        zone = words.next()?;
    } else {
        // Sun Nov  6 08:49:37 1994
        letters(name)?;
        month = words.next()?;
        day = digits(words.next()?, 1, 2)?;
        time = words.next()?;
        year = digits(words.next()?, 4, 4)?;
        zone = "GMT";
    }
    if zone != "GMT" || words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)?;
    let mut parts = time.split(':');
    let mut part =
        |max: i64| parts.next().and_then(|part| digits(part, 2, 2)).filter(|value| *value <= max);
    // A leap second is written as 60.
    let seconds = part(23)? * 3600 + part(59)? * 60 + part(60)?;
    if parts.next().is_some() || year < 1970 || day < 1 || day > days_in(month, year) {
        return None;
    }
    Some((days_before(month, year) + day - 1) * 86_400 + seconds)
}

fn letters(text: &str) -> Option<()> {
    (text.len() >= 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(())
}

fn digits(text: &str, min: usize, max: usize) -> Option<i64> {
    let good = (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

/// Two digits of a year mean the last such year that is no more than 50 years ahead.
fn century(two: i64, now: i64) -> i64 {
    const AVERAGE_YEAR: i64 = 31_556_952;
    let this_year = 1970 + now / AVERAGE_YEAR;
    let mut year = this_year - this_year % 100 + 100 + two;
    while year > this_year + 50 {
        year -= 100;
    }
    year
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: usize, year: i64) -> i64 {
    match month {
        1 if is_leap(year) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// Days from the epoch to the first of a month.
fn days_before(month: usize, year: i64) -> i64 {
    let past = year - 1;
    let leaps = past / 4 - past / 100 + past / 400 - 477;
    let months: i64 = (0..month).map(|month| days_in(month, year)).sum();
    (year - 1970) * 365 + leaps + months
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const THEN: u64 = 784_111_777;

    #[test]
    fn seconds() {
        for (text, ms) in
            [("0", 0), ("7", 7000), (" 120 ", 120_000), ("007", 7000), ("86400", CAP_MS)]
        {
            assert_eq!(parse(text, 5), Some(ms), "{text}");
        }
    }

    #[test]
    fn more_than_a_day_is_a_day() {
        for text in
            ["86401", "1000000000", "99999999999999999999999999", "Sun, 06 Nov 2094 08:49:37 GMT"]
        {
            assert_eq!(parse(text, THEN * 1000), Some(CAP_MS), "{text}");
        }
    }

    #[test]
    fn the_three_forms_of_a_date_are_the_same_moment() {
        let forms = [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ];
        for text in forms {
            assert_eq!(parse(text, (THEN - 90) * 1000), Some(90_000), "{text}");
            assert_eq!(parse(text, THEN * 1000 - 1), Some(1), "{text}");
            assert_eq!(parse(text, THEN * 1000), Some(0), "{text}");
            assert_eq!(parse(text, (THEN + 3600) * 1000), Some(0), "{text}");
        }
    }

    #[test]
    fn the_calendar_is_right() {
        let cases = [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
            ("Fri, 31 Dec 2100 00:00:00 GMT", 4_133_894_400),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ];
        for (text, seconds) in cases {
            assert_eq!(date(text, 0), Some(seconds), "{text}");
        }
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
        let year = |two, now_year: i64| century(two, (now_year - 1970) * 31_556_952 + 86_400);
        assert_eq!(year(94, 1994), 1994);
        assert_eq!(year(94, 2026), 1994);
        assert_eq!(year(76, 2026), 2076);
        assert_eq!(year(77, 2026), 1977);
        assert_eq!(year(0, 2099), 2100);
    }

    #[test]
    fn anything_else_is_ignored() {
        let garbage = [
            "",
            " ",
            "-5",
            "+5",
            "1.5",
            "5s",
            "soon",
            "٥",
            "0x10",
            "1e3",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Wed, 29 Feb 2023 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
            "06 Nov 1994 08:49:37 GMT",
            ", 06 Nov 1994 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994 GMT",
            "Sun Nov 6 08:49:37",
        ];
        for text in garbage {
            assert_eq!(parse(text, 1000), None, "{text:?}");
        }
    }

    #[test]
    fn no_clock_reading_breaks_it() {
        assert_eq!(parse("Sunday, 06-Nov-94 08:49:37 GMT", u64::MAX), None);
        assert_eq!(parse("5", u64::MAX), Some(5000));
    }
}
