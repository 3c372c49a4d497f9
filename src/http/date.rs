//! A parser for HTTP dates. `httpdate` needs std, and `jiff` reads only one of the three forms
//! of RFC 9110.
//!
//! `jiff` also reads a leap second as the second before it, and makes the component 175 KB
//! larger.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads a date as seconds since the Unix epoch. `now`, also in seconds since the epoch, decides
/// the century of a year with two digits. The name of the day is not checked.
pub(super) fn parse(text: &str, now: i64) -> Option<i64> {
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

/// Returns the year with these last two digits: the latest that is at most 50 years ahead.
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

/// Returns the days from the epoch to the first day of a month.
fn days_before(month: usize, year: i64) -> i64 {
    let past = year - 1;
    let leaps = past / 4 - past / 100 + past / 400 - 477;
    let months: i64 = (0..month).map(|month| days_in(month, year)).sum();
    (year - 1970) * 365 + leaps + months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_unix_seconds() {
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
            assert_eq!(parse(text, 0), Some(seconds), "{text}");
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
}
