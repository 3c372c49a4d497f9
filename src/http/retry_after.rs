//! The headers that say how long to wait. `Retry-After` has seconds, or one of the three date forms
//! of HTTP (RFC 9110). `RateLimit-Reset` and `X-RateLimit-Reset` have seconds from now, a time since
//! the Unix epoch, or a date: servers differ.

use alloc::string::String;

use super::{Response, date};
use crate::time::parse_iso;

/// The longest wait that is accepted: one day.
const CAP_MS: u64 = 24 * 60 * 60 * 1000;

/// From this number on, a reset is a time in seconds since the epoch (2001), and not a wait.
const FIRST_EPOCH_S: u64 = 1_000_000_000;

/// From this number on, a reset is a time in milliseconds since the epoch.
const FIRST_EPOCH_MS: u64 = 1_000_000_000_000;

/// Returns how long a server that throttles asks to wait, in milliseconds. `Retry-After` counts
/// before the reset of the rate limit, unless it says nothing of use.
pub(super) fn throttled(response: &Response, now_unix_ms: u64) -> Option<u64> {
    let after = response.retry_after.as_deref().and_then(|text| parse(text, now_unix_ms));
    let reset = || {
        let text = response.rate_limit_reset.as_deref()?;
        parse_reset(text, now_unix_ms).filter(|ms| *ms > 0)
    };
    after.filter(|ms| *ms > 0).or_else(reset).or(after)
}

/// Returns whether the headers of a response say that the server throttles. Servers may send the
/// reset of the rate limit with every response. So it says nothing if requests remain.
pub(super) fn is_throttled(response: &Response, now_unix_ms: u64) -> bool {
    let has = |text: &Option<String>, parse: fn(&str, u64) -> Option<u64>| {
        text.as_deref().is_some_and(|text| parse(text, now_unix_ms).is_some())
    };
    let is_used_up = match response.rate_limit_remaining.as_deref().map(str::trim) {
        Some(left) => {
            let digits = || left.bytes().filter(|byte| *byte != b'.');
            digits().next().is_some() && digits().all(|byte| byte == b'0')
        }
        None => has(&response.rate_limit_reset, parse_reset),
    };
    is_used_up || has(&response.retry_after, parse)
}

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

/// Returns the wait until a rate limit is reset, in milliseconds: at most a day, and 0 for a time
/// that has passed. `None` for anything else than a number or a date.
fn parse_reset(text: &str, now_unix_ms: u64) -> Option<u64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits(whole) && is_digits(fraction) {
        let rest = u64::from(fraction.bytes().any(|byte| byte != b'0'));
        let number = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(rest);
        let wait_ms = match number {
            FIRST_EPOCH_MS.. => number.saturating_sub(now_unix_ms),
            FIRST_EPOCH_S.. => number.saturating_mul(1000).saturating_sub(now_unix_ms),
            _ => number.saturating_mul(1000),
        };
        return Some(wait_ms.min(CAP_MS));
    }
    match parse_iso(text) {
        Some(then) => Some(u64::try_from(then).ok()?.saturating_sub(now_unix_ms).min(CAP_MS)),
        None => parse(text, now_unix_ms),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

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
    fn a_reset_is_a_wait_a_time_or_a_date() {
        let now = THEN * 1000 + 250;
        for (text, ms) in [
            ("0", 0),
            ("30", 30_000),
            (" 30 ", 30_000),
            ("29.5", 30_000),
            ("30.0", 30_000),
            // The limit of the number of seconds that is a wait.
            ("999999999", CAP_MS),
            // Seconds and milliseconds since the epoch, later than now and earlier.
            ("1783605000", CAP_MS),
            ("1000000000", CAP_MS),
            ("Sun, 06 Nov 1994 08:50:07 GMT", 29_750),
            ("Sunday, 06-Nov-94 08:50:07 GMT", 29_750),
            ("1994-11-06T08:50:07Z", 29_750),
            ("1994-11-06T09:50:07.250+01:00", 30_000),
            ("1994-11-06T08:00:00Z", 0),
        ] {
            assert_eq!(parse_reset(text, now), Some(ms), "{text}");
        }
        let now = 1_767_603_600_000;
        for (text, ms) in [
            ("1767603620", 20_000),
            ("1767603619.001", 20_000),
            ("1767603620000", 20_000),
            ("1767603600", 0),
            ("1767603000", 0),
            ("1767603599999", 0),
        ] {
            assert_eq!(parse_reset(text, now), Some(ms), "{text}");
        }
        for text in ["", " ", "-5", "5s", "soon", ".5", "5.", "1e3", "1.2.3", "10, 60", "٥"] {
            assert_eq!(parse_reset(text, now), None, "{text:?}");
        }
        assert_eq!(parse_reset("99999999999999999999999", u64::MAX), Some(0));
    }

    fn response(after: Option<&str>, reset: Option<&str>, left: Option<&str>) -> Response {
        Response {
            retry_after: after.map(ToString::to_string),
            rate_limit_reset: reset.map(ToString::to_string),
            rate_limit_remaining: left.map(ToString::to_string),
            ..Response::default()
        }
    }

    #[test]
    fn retry_after_counts_before_the_reset_unless_it_is_of_no_use() {
        for (after, reset, asked) in [
            (None, None, None),
            (Some("7"), None, Some(7000)),
            (None, Some("9"), Some(9000)),
            (Some("7"), Some("9"), Some(7000)),
            (Some("0"), Some("9"), Some(9000)),
            (Some("soon"), Some("9"), Some(9000)),
            (Some("0"), Some("0"), Some(0)),
            (Some("0"), None, Some(0)),
            (Some("soon"), Some("later"), None),
        ] {
            let asked_for = throttled(&response(after, reset, None), THEN * 1000);
            assert_eq!(asked_for, asked, "{after:?} {reset:?}");
        }
    }

    #[test]
    fn headers_say_that_the_server_throttles_unless_requests_remain() {
        for (after, reset, left, expected) in [
            (None, None, None, false),
            (Some("7"), None, None, true),
            (Some("soon"), None, None, false),
            (None, Some("1767603620"), None, true),
            (None, Some("1767603620"), Some("0"), true),
            (None, None, Some(" 0.0 "), true),
            (None, Some("1767603620"), Some("41"), false),
            // As GitHub does for its second limit.
            (Some("7"), Some("1767603620"), Some("12"), true),
            (None, None, Some(""), false),
            (None, None, Some("."), false),
        ] {
            let throttled = is_throttled(&response(after, reset, left), THEN * 1000);
            assert_eq!(throttled, expected, "{after:?} {reset:?} {left:?}");
        }
    }

    #[test]
    fn an_extreme_clock_does_not_cause_a_panic() {
        assert_eq!(parse("Sunday, 06-Nov-94 08:49:37 GMT", u64::MAX), None);
        assert_eq!(parse("5", u64::MAX), Some(5000));
    }
}
