//! Rules for the traffic of one call, whatever it is about: a call waits while the server asks for
//! it, goes on when it may, takes a final status for final, and waits for no response for ever.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use retool_lifecycle::error::{Code, Error};
use retool_lifecycle::http::{Method, Request, Response};

use crate::clock::START_UNIX_MS;
use crate::operation::Done;

/// With less time than this left, a call may give up because the server throttles.
const NEARLY_OVER_MS: u64 = 20_000;

/// From this number on, a reset is a time in seconds since the Unix epoch.
const FIRST_EPOCH_S: u64 = 1_000_000_000;

/// What the network saw of the running call.
#[derive(Default)]
pub struct CallTraffic {
    /// The time of the call's deadline.
    deadline_at: u64,
    /// The time before which the server wants no request.
    closed_until: u64,
    /// The writes that got a final status.
    refused_for_good: BTreeSet<Vec<u8>>,
    /// The number of writes that may have taken effect.
    possible_writes: u32,
}

impl CallTraffic {
    /// Begins a call with this deadline.
    pub fn begin(&mut self, deadline_at: u64) {
        *self = CallTraffic { deadline_at, ..CallTraffic::default() };
    }

    /// Records a request that is sent. Returns the rule that it violates, and how.
    pub fn sent(&mut self, request: &Request, now: u64) -> Option<(&'static str, String)> {
        let line = || format!("{} {}", request.method.as_str(), request.path_and_query);
        if request.method != Method::Get {
            self.possible_writes += 1;
            if self.refused_for_good.contains(&key(request)) {
                return Some(("final", format!("{} is sent again after a final status", line())));
            }
        }
        let early = self.closed_until.saturating_sub(now);
        (early > 0).then(|| ("pacing", format!("{} comes {early} ms too early", line())))
    }

    /// Records the response to a request that arrived at the component.
    pub fn answered(&mut self, request: &Request, response: &Response, now: u64) {
        if let Some(until) = asked_until(response, now) {
            self.closed_until = self.closed_until.max(until);
        }
        let status = response.status;
        if request.method == Method::Get || !proves_nothing_done(status) {
            return;
        }
        self.possible_writes -= 1;
        if !(400..=499).contains(&status) {
            self.refused_for_good.insert(key(request));
        }
    }

    /// Checks the result of a call that ended.
    pub fn ended(&self, result: &Result<Done, Error>, now: u64) -> Option<(&'static str, String)> {
        let (writes, failure) = match result {
            Ok(done) => (done.writes(), done.failures().find(|error| is_throttled(error))),
            Err(error) => (&error.writes[..], Some(error).filter(|error| is_throttled(error))),
        };
        if self.possible_writes == 0 && !writes.is_empty() {
            return Some(("truth", format!("no write can have taken effect: {writes:?}")));
        }
        let left = self.deadline_at.saturating_sub(now.max(self.closed_until));
        let gave_up = failure.is_some() && left > NEARLY_OVER_MS;
        gave_up.then(|| ("pacing", format!("it gives up {left} ms before its deadline")))
    }
}

fn is_throttled(error: &Error) -> bool {
    error.code == Code::RateLimited
}

fn key(request: &Request) -> Vec<u8> {
    let mut key = format!("{} {}\n", request.method.as_str(), request.path_and_query).into_bytes();
    key.extend(request.body.iter().flatten());
    key
}

/// Whether a status says that the write was not done.
fn proves_nothing_done(status: u16) -> bool {
    status != 408 && (300..=499).contains(&status) || matches!(status, 501 | 505 | 506 | 510 | 511)
}

/// Returns the time until which a response that throttles asks to wait.
fn asked_until(response: &Response, now: u64) -> Option<u64> {
    let Response { status, retry_after, rate_limit_reset, .. } = response;
    if !matches!(status, 429 | 403) {
        return None;
    }
    [retry_after, rate_limit_reset].into_iter().flatten().find_map(|text| {
        let until = match text.parse::<u64>() {
            Ok(0) => return None,
            Ok(seconds) if seconds < FIRST_EPOCH_S => return Some(now + seconds * 1000),
            Ok(seconds) => UNIX_EPOCH + Duration::from_secs(seconds),
            Err(_) => httpdate::parse_http_date(text).ok()?,
        };
        let start: SystemTime = UNIX_EPOCH + Duration::from_millis(START_UNIX_MS);
        let until = until.duration_since(start).ok()?.as_millis() as u64;
        (until > now).then_some(until)
    })
}
