//! How a server says that there were too many requests. Servers differ.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The response to a request too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling {
    /// The status: 429, or 403 on some servers.
    pub status: u16,
    /// How the response says when to ask again.
    pub guidance: Guidance,
}

impl Default for Throttling {
    fn default() -> Self {
        Throttling { status: 429, guidance: Guidance::default() }
    }
}

/// How a response says when to ask again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guidance {
    /// `Retry-After` in seconds.
    #[default]
    RetryAfter,
    /// `Retry-After` as an HTTP date.
    RetryAfterDate,
    /// `RateLimit-Reset` in seconds from now, with `RateLimit-Remaining: 0`.
    ResetSeconds,
    /// `X-RateLimit-Reset` in seconds of the Unix epoch, with `X-RateLimit-Remaining: 0`.
    ResetEpoch,
    /// `X-RateLimit-Reset` as an HTTP date.
    ResetDate,
    /// `X-RateLimit-Remaining: 0` alone.
    Remaining,
    /// Nothing.
    Nothing,
}

impl Guidance {
    /// Every kind of guidance.
    pub const ALL: [Guidance; 7] = [
        Guidance::RetryAfter,
        Guidance::RetryAfterDate,
        Guidance::ResetSeconds,
        Guidance::ResetEpoch,
        Guidance::ResetDate,
        Guidance::Remaining,
        Guidance::Nothing,
    ];

    /// Returns the name in text.
    pub fn name(self) -> &'static str {
        match self {
            Guidance::RetryAfter => "retry-after",
            Guidance::RetryAfterDate => "retry-after-date",
            Guidance::ResetSeconds => "reset-seconds",
            Guidance::ResetEpoch => "reset-epoch",
            Guidance::ResetDate => "reset-date",
            Guidance::Remaining => "remaining",
            Guidance::Nothing => "nothing",
        }
    }

    /// Returns whether it contains a time.
    pub fn has_time(self) -> bool {
        !matches!(self, Guidance::Remaining | Guidance::Nothing)
    }

    /// Returns the headers that say to wait this long from now. Times are rounded up to seconds.
    pub fn headers(self, wait: Duration, now: SystemTime) -> Vec<(&'static str, String)> {
        let seconds = |time: Duration| time.as_millis().div_ceil(1000).to_string();
        let then = now + wait;
        let since_epoch = then.duration_since(UNIX_EPOCH).unwrap_or_default();
        // A date has whole seconds.
        let rounded =
            UNIX_EPOCH + Duration::from_secs(since_epoch.as_millis().div_ceil(1000) as u64);
        let date = || httpdate::fmt_http_date(rounded);
        match self {
            Guidance::RetryAfter => vec![("retry-after", seconds(wait))],
            Guidance::RetryAfterDate => vec![("retry-after", date())],
            Guidance::ResetSeconds => {
                vec![("ratelimit-reset", seconds(wait)), ("ratelimit-remaining", "0".to_owned())]
            }
            Guidance::ResetEpoch => vec![
                ("x-ratelimit-reset", seconds(since_epoch)),
                ("x-ratelimit-remaining", "0".to_owned()),
            ],
            Guidance::ResetDate => vec![("x-ratelimit-reset", date())],
            Guidance::Remaining => vec![("x-ratelimit-remaining", "0".to_owned())],
            Guidance::Nothing => Vec::new(),
        }
    }
}

/// A name that is not one of the kinds of guidance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownGuidance(String);

impl fmt::Display for UnknownGuidance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Guidance::ALL.map(Guidance::name).join(", ");
        write!(f, "`{}` is not one of: {names}", self.0)
    }
}

impl std::error::Error for UnknownGuidance {}

impl FromStr for Guidance {
    type Err = UnknownGuidance;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Guidance::ALL.into_iter().find(|guidance| guidance.name() == text);
        named.ok_or_else(|| UnknownGuidance(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_guidance_has_a_name_and_its_headers() {
        let now = UNIX_EPOCH + Duration::from_millis(784_111_776_500);
        let wait = Duration::from_millis(1_500);
        let expected: [&[(&str, &str)]; 7] = [
            &[("retry-after", "2")],
            &[("retry-after", "Sun, 06 Nov 1994 08:49:38 GMT")],
            &[("ratelimit-reset", "2"), ("ratelimit-remaining", "0")],
            &[("x-ratelimit-reset", "784111778"), ("x-ratelimit-remaining", "0")],
            &[("x-ratelimit-reset", "Sun, 06 Nov 1994 08:49:38 GMT")],
            &[("x-ratelimit-remaining", "0")],
            &[],
        ];
        for (guidance, expected) in Guidance::ALL.into_iter().zip(expected) {
            let headers = guidance.headers(wait, now);
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(headers, expected, "{guidance:?}");
            assert_eq!(guidance.name().parse(), Ok(guidance));
        }
        assert!(
            "soon".parse::<Guidance>().expect_err("unknown").to_string().contains("reset-date")
        );
    }
}
