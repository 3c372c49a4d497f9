//! The `Retry-After` header: seconds, or one of the three date forms of HTTP (RFC 9110).

use super::date;

/// The longest wait that is accepted: one day.
const CAP_MS: u64 = 24 * 60 * 60 * 1000;

/// Returns how long to wait in milliseconds: at most a day, and 0 for a date that has passed.
/// `None` for anything that is neither a number of seconds nor a date, such as a negative
/// number.
pub(super) fn parse(text: &str, now_unix_ms: u64) -> Option<u64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Fails only for a number that is too large for 64 bits.
        let seconds = text.parse::<u64>().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1000).min(CAP_MS));
    }
    let now = i64::try_from(now_unix_ms / 1000).ok()?;
    let then = date::parse(text, now)?;
    let wait_ms = then.saturating_mul(1000).saturating_sub(i64::try_from(now_unix_ms).ok()?);
    Some(u64::try_from(wait_ms).unwrap_or(0).min(CAP_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const THEN: u64 = 784_111_777;

    #[test]
    fn a_number_is_read_as_seconds() {
        for (text, ms) in
            [("0", 0), ("7", 7000), (" 120 ", 120_000), ("007", 7000), ("86400", CAP_MS)]
        {
            assert_eq!(parse(text, 5), Some(ms), "{text}");
        }
    }

    #[test]
    fn waits_are_capped_at_one_day() {
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
    fn an_extreme_clock_does_not_cause_a_panic() {
        assert_eq!(parse("Sunday, 06-Nov-94 08:49:37 GMT", u64::MAX), None);
        assert_eq!(parse("5", u64::MAX), Some(5000));
    }
}
