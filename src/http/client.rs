//! The client that the dialects use. It builds a request, sends it, repeats it where that may
//! help and can't do harm, and turns the response into an answer or an error.

use alloc::format;
use alloc::string::{String, ToString};
use core::cell::RefCell;
use core::fmt;

use super::retry::{Attempt, Bucket, Failure};
use super::status::{self, Asked};
use super::{
    Answer, BaseUrl, Call, Label, Limits, Platform, Repeat, Request, Response, Secret,
    TransportError, Window,
};
use super::{date, retry_after, url};
use crate::config::Settings;
use crate::error::{Code, Error, Result};

/// The media type that is sent and accepted by default.
const JSON: &str = "application/json";

/// Makes the requests of one call of the component: one base URL, one token, one deadline.
pub struct Client {
    platform: Platform,
    base: BaseUrl,
    token: Secret,
    settings: Settings,
    media_type: &'static str,
    started_at: u64,
    bucket: RefCell<Bucket>,
    window: Window,
}

/// A failed try, and what may follow it.
struct Failed {
    error: Error,
    /// The kind of failure, which decides about retries. `None` if the request must not be
    /// repeated.
    failure: Option<Failure>,
    /// How long the server asks to wait.
    retry_after_ms: Option<u64>,
    /// Whether the request certainly had no effect.
    nothing_done: bool,
    /// For the log.
    reason: Reason,
}

/// Why a try failed, for the log. Contains no text of the server.
enum Reason {
    Status(u16),
    Text(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Status(status) => write!(f, "status {status}"),
            Reason::Text(text) => f.write_str(text),
        }
    }
}

impl Client {
    /// Creates a client whose deadline counts from now.
    pub fn new(platform: Platform, base: BaseUrl, token: Secret, settings: Settings) -> Self {
        Client {
            started_at: platform.clock.monotonic_ms(),
            platform,
            base,
            token,
            window: Window::new(settings.window),
            settings,
            media_type: JSON,
            bucket: RefCell::new(Bucket::new()),
        }
    }

    /// Returns the client with a deadline that counts from `started_at`, so that several clients
    /// of one call share its deadline.
    #[must_use]
    pub fn since(mut self, started_at: u64) -> Self {
        self.started_at = started_at;
        self
    }

    /// Returns the client with another media type to send and accept than `application/json`.
    #[must_use]
    pub fn with_media_type(mut self, media_type: &'static str) -> Self {
        self.media_type = media_type;
        self
    }

    /// Returns the platform.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Returns the limits, including the page size.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the window that limits concurrent requests.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Returns the milliseconds since the call started.
    pub fn elapsed_ms(&self) -> u64 {
        self.platform.clock.monotonic_ms().saturating_sub(self.started_at)
    }

    /// Returns the milliseconds left until the deadline.
    pub fn remaining_ms(&self) -> u64 {
        u64::from(self.settings.deadline_ms).saturating_sub(self.elapsed_ms())
    }

    /// Sends a request until there is a usable response with a good status (2xx). Everything
    /// else is an error. For a write, the error's `maybe_applied` is set unless every try proved
    /// that it had no effect.
    pub async fn send(&self, call: Call<'_>) -> Result<Answer> {
        self.send_if_match(call, None).await
    }

    /// Like [`send`](Self::send), with `If-Match`: the server must refuse the write (412) if the
    /// resource no longer has this version.
    pub async fn send_if_match(&self, call: Call<'_>, version: Option<&str>) -> Result<Answer> {
        let label = call.label();
        let path_and_query = self.path_and_query(&call)?;
        let request = Request {
            method: call.method,
            https: self.base.https(),
            authority: self.base.authority().to_string(),
            path_and_query,
            token: self.token.clone(),
            media_type: self.media_type,
            if_match: version.map(ToString::to_string),
            body: call.body,
        };
        let asked = Asked { missing: call.missing, scope: call.scope, token: &self.token };
        let mut maybe_applied = false;
        let mut attempts = 0;
        loop {
            let failed = match self.try_once(label, &request, asked).await {
                Some(Ok(response)) => {
                    self.bucket.borrow_mut().succeeded();
                    return Ok(Answer {
                        status: response.status,
                        request_id: status::request_id(&response, &self.token),
                        answered_at: self.answered_at(&response),
                        etag: response.etag,
                        body: response.body,
                        label,
                        subject: call.about.map(ToString::to_string),
                        attempts: attempts + 1,
                    });
                }
                Some(Err(failed)) => {
                    attempts += 1;
                    failed
                }
                None => {
                    let mut error = out_of_time();
                    self.complete(&mut error, label, call.about, attempts, maybe_applied);
                    return Err(error);
                }
            };
            maybe_applied |= label.is_write() && !failed.nothing_done;
            let wait = failed.failure.and_then(|failure| {
                self.wait_before(Attempt {
                    number: attempts,
                    max: self.settings.max_attempts,
                    failure,
                    repeat: call.repeat,
                    retry_after_ms: failed.retry_after_ms,
                    remaining_ms: self.remaining_ms(),
                })
            });
            let Some(wait) = wait else {
                let mut error = failed.error;
                error.retry_after_ms =
                    failed.retry_after_ms.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX));
                self.complete(&mut error, label, call.about, attempts, maybe_applied);
                return Err(error);
            };
            self.platform.log.line(&format!(
                "{label}: {}, try {} in {wait} ms",
                failed.reason,
                attempts + 1
            ));
            self.platform.clock.sleep(wait).await;
        }
    }

    /// Waits before try `attempts + 1` of a write that the caller repeats after checking that it
    /// was not applied. Waits as after any transient failure, and at least as long as the server
    /// asked for. Returns `false` without waiting if the write should not be tried again: too
    /// many tries, too many failures, or no time.
    pub async fn pause(&self, attempts: u32, retry_after_ms: Option<u32>) -> bool {
        let wait = self.wait_before(Attempt {
            number: attempts,
            max: self.settings.max_attempts,
            failure: Failure::Transient,
            repeat: Repeat::Safe,
            retry_after_ms: retry_after_ms.map(u64::from),
            remaining_ms: self.remaining_ms(),
        });
        match wait {
            Some(wait) => {
                self.platform.clock.sleep(wait).await;
                true
            }
            None => false,
        }
    }

    /// Waits before a record is read back once more. A server may answer from the state before a
    /// write for a moment. `reading` starts at 1, and five readings wait 1.5 seconds together.
    /// Returns `false` without waiting if there is no time.
    pub async fn wait_to_read_back(&self, reading: u32) -> bool {
        let wait = 100 << reading.saturating_sub(1).min(4);
        let there_is_time = self.remaining_ms() > wait;
        if there_is_time {
            self.platform.clock.sleep(wait).await;
        }
        there_is_time
    }

    fn wait_before(&self, attempt: Attempt) -> Option<u64> {
        let random = self.platform.entropy.random_u64();
        self.bucket.borrow_mut().wait(attempt, random)
    }

    fn answered_at(&self, response: &Response) -> Option<i64> {
        let now = i64::try_from(self.platform.clock.unix_ms() / 1000).ok()?;
        date::parse(response.date.as_deref()?, now)?.checked_mul(1000)
    }

    fn path_and_query(&self, call: &Call<'_>) -> Result<String> {
        let mut text = String::from(self.base.prefix());
        if call.path.write(&mut text).is_err() {
            let mut error = Error::new(
                Code::InvalidValue,
                format!(
                    "An id for {} is empty or made of dots alone, so it can't be used in a path. \
                     Use the id that the server gave.",
                    call.path.template
                ),
            );
            self.complete(&mut error, call.label(), call.about, 0, false);
            return Err(error);
        }
        url::write_query(call.query, &mut text);
        Ok(text)
    }

    /// Sends the request once. `None` if there is no time left.
    async fn try_once(
        &self,
        label: Label,
        request: &Request,
        asked: Asked<'_>,
    ) -> Option<Result<Response, Failed>> {
        let timeout_ms = self.remaining_ms();
        if timeout_ms == 0 {
            return None;
        }
        let limits = Limits { timeout_ms, max_body_bytes: self.settings.max_body_bytes as usize };
        let generation = self.window.generation();
        let sent_at = self.elapsed_ms();
        let result = self.platform.transport.send(request, limits).await;
        let response = match result {
            Ok(response) => response,
            Err(error) => return Some(Err(self.broken(error))),
        };
        let status = response.status;
        match status {
            429 | 503 => self.window.throttled(generation),
            200..=299 => {
                let took_ms = self.elapsed_ms().saturating_sub(sent_at);
                self.window.succeeded(label, generation, took_ms);
            }
            _ => {}
        }
        let Err(error) = status::check(&response, asked) else {
            return Some(Ok(response));
        };
        let failure = match status {
            429 => Some(Failure::Throttled),
            _ if status::is_transient(status) => Some(Failure::Transient),
            _ => None,
        };
        let retry_after_ms = match (&response.retry_after, failure) {
            (Some(text), Some(_)) => retry_after::parse(text, self.platform.clock.unix_ms()),
            _ => None,
        };
        Some(Err(Failed {
            error,
            failure,
            retry_after_ms,
            nothing_done: status::proves_nothing_done(status),
            reason: Reason::Status(status),
        }))
    }

    fn broken(&self, error: TransportError) -> Failed {
        let (error, failure, reason) = match error {
            TransportError::TooLarge => (
                Error::new(
                    Code::BodyTooLarge,
                    format!(
                        "The server's answer is larger than {} bytes. Ask for less at once \
                         (RETOOL_PAGE_SIZE) or allow more (RETOOL_MAX_BODY_BYTES).",
                        self.settings.max_body_bytes
                    ),
                ),
                None,
                "answer too large",
            ),
            TransportError::TimedOut if self.remaining_ms() == 0 => {
                (out_of_time(), None, "timeout")
            }
            TransportError::TimedOut => (
                Error::new(
                    Code::ConnectionFailed,
                    "The server did not answer in time. Try again later.",
                ),
                Some(Failure::Transient),
                "timeout",
            ),
            TransportError::Failed => (
                Error::new(
                    Code::ConnectionFailed,
                    "The connection to the server could not be made, or broke. Check the base \
                     URL, and that the component is allowed to reach it; then try again.",
                ),
                Some(Failure::Transient),
                "connection failed",
            ),
        };
        Failed {
            error,
            failure,
            retry_after_ms: None,
            nothing_done: false,
            reason: Reason::Text(reason),
        }
    }

    fn complete(
        &self,
        error: &mut Error,
        label: Label,
        about: Option<&str>,
        attempts: u32,
        maybe_applied: bool,
    ) {
        error.subject = about.map(ToString::to_string);
        error.request = Some(label.to_string());
        error.attempts = attempts;
        error.maybe_applied = maybe_applied;
    }
}

fn out_of_time() -> Error {
    Error::new(
        Code::DeadlineExceeded,
        "The time allowed for the call ran out. Call again, or allow more (RETOOL_DEADLINE_MS).",
    )
}

#[cfg(test)]
mod tests;
