//! The header `Retry-After`. Whatever it contains, the component must not wait longer than a day or
//! past the deadline, and must read every unambiguous value correctly.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use retool_lifecycle::http::Response;

use crate::script::split_line;
use crate::world::{START_UNIX_MS, World, json};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Upper limit of the component's own pause after one failure.
const MAX_PAUSE_MS: u64 = 1000;

const DEADLINE_MS: u64 = 60_000;

/// Reads an input. Its first line is the current time in Unix milliseconds, the rest is the header.
pub fn read(bytes: &[u8]) -> bool {
    let (now, header) = split_line(bytes);
    let now = std::str::from_utf8(now).ok().and_then(|now| now.parse().ok());
    let now = now.unwrap_or(START_UNIX_MS);
    let header = String::from_utf8_lossy(header);
    let asked = read_wait(&header, now);
    if let Some(meant) = unambiguous_wait(&header, now) {
        assert_eq!(asked, Some(meant), "{header:?}");
    }
    let understandable = header.contains(|letter: char| letter.is_ascii_digit());
    assert!(understandable || asked.is_none(), "{header:?}");
    for status in [429, 503] {
        check_wait(status, &header, now, asked);
    }
    asked.is_some()
}

/// Returns a world whose server answers once with this status and header, and then with success.
fn world(status: u16, header: &str, now: u64) -> World {
    let mut busy = true;
    let header = header.to_owned();
    World::new(now, move |_| match std::mem::take(&mut busy) {
        true => {
            let retry_after = Some(header.clone());
            Response { status, retry_after, ..Response::default() }.into()
        }
        false => json(200, r#"{"groups":[],"total":0}"#),
    })
}

/// Returns the wait that the component reads from the header, in milliseconds. A call with one attempt
/// does not wait after a 503.
fn read_wait(header: &str, now: u64) -> Option<u64> {
    let world = world(503, header, now);
    let session = world.session(&[("RETOOL_MAX_ATTEMPTS", "1")]);
    let error =
        world.run(0, session.directory.list_groups()).expect_err("there is only one attempt");
    world.check_error(&error);
    error.retry_after_ms.map(u64::from)
}

/// Checks that the component waits as long as the header says, or fails at once if the deadline is
/// earlier.
fn check_wait(status: u16, header: &str, now: u64, asked: Option<u64>) {
    let world = world(status, header, now);
    let deadline = DEADLINE_MS.to_string();
    let session = world.session(&[("RETOOL_DEADLINE_MS", &deadline)]);
    let result = world.run(DEADLINE_MS, session.directory.list_groups());
    world.check_traffic();
    let asked = asked.filter(|ms| *ms > 0);
    match result {
        Ok(_) => {
            let waited = world.exchanges()[1].at_ms;
            match asked {
                Some(asked) => assert_eq!(waited, asked, "{header:?}"),
                None => assert!(waited <= MAX_PAUSE_MS, "{header:?}: {waited}"),
            }
        }
        Err(error) => {
            world.check_error(&error);
            assert!(asked.is_some_and(|ms| ms >= DEADLINE_MS), "{header:?}: {error:?}");
            assert_eq!(error.retry_after_ms.map(u64::from), asked);
            assert_eq!((world.elapsed_ms(), world.exchanges().len()), (0, 1));
        }
    }
}

/// Returns the wait of an unambiguous header: a number of seconds, or a date in a standard format.
fn unambiguous_wait(header: &str, now: u64) -> Option<u64> {
    let text = header.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: u64 = text.parse().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1000).min(DAY_MS));
    }
    // Times above this limit are not valid.
    i64::try_from(now).ok()?;
    let then = httpdate::parse_http_date(text).ok()?;
    let written = httpdate::fmt_http_date(then);
    if text != written && text != asctime(&written) {
        return None;
    }
    let now = UNIX_EPOCH.checked_add(Duration::from_millis(now))?;
    Some(between(now, then))
}

fn between(now: SystemTime, then: SystemTime) -> u64 {
    let wait = then.duration_since(now).unwrap_or_default().as_millis();
    u64::try_from(wait).unwrap_or(u64::MAX).min(DAY_MS)
}

/// Converts `Sun, 06 Nov 1994 08:49:37 GMT` to `Sun Nov  6 08:49:37 1994`.
fn asctime(date: &str) -> String {
    let words: Vec<&str> = date.split(' ').collect();
    let [name, day, month, year, time, _] = words[..] else { return String::new() };
    let day = day.strip_prefix('0').unwrap_or(day);
    format!("{} {month} {day:>2} {time} {year}", name.trim_end_matches(','))
}
