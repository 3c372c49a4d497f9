//! The client that the dialects use. It builds a request, sends it, repeats it where that may
//! help and can't do harm, and turns the response into an answer or an error.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::cell::{Cell, RefCell};

use super::pace::Turn;
use super::retry::{Attempt, Bucket};
use super::status::{self, Asked};
use super::{
    Answer, BaseUrl, Call, Label, Pace, Platform, Repeat, Request, Response, Secret, Window,
};
use super::{date, url};
use crate::config::Settings;
use crate::error::{Code, Error, Result};

mod attempt;

use attempt::Failure;

/// The media type that is sent and accepted by default.
const JSON: &str = "application/json";

/// With less time than this left, a request that was throttled without guidance is given up.
const LEAST_LEFT_MS: u64 = 200;

/// A wait that ends this much too early was cut short by the host. Timers are more exact than that.
const WAIT_CUT_SHORT_MS: u64 = 100;

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
    pace: Rc<Pace>,
    /// The earliest time that the server gave, in milliseconds since the Unix epoch.
    server_time: Cell<Option<i64>>,
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
            pace: Rc::default(),
            server_time: Cell::new(None),
        }
    }

    /// Returns the client with a deadline that counts from `started_at`, so that several clients
    /// of one call share its deadline.
    #[must_use]
    pub fn since(mut self, started_at: u64) -> Self {
        self.started_at = started_at;
        self
    }

    /// Returns the client with a shared pace: if the server throttles one of the clients, all wait.
    #[must_use]
    pub fn at_pace(mut self, pace: Rc<Pace>) -> Self {
        self.pace = pace;
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
    ///
    /// While the server throttles, all requests wait together and go on until the deadline. Only
    /// other failures count against the number of tries.
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
        let (mut attempts, mut failures) = (0, 0);
        let mut throttled: Option<Error> = None;
        loop {
            let tried = match self.wait_for_turn().await {
                Ok(()) => self.try_once(label, &request, asked).await.ok_or_else(out_of_time),
                Err(too_late) => Err(too_late),
            };
            let failed = match tried {
                Ok(Ok(response)) => {
                    self.bucket.borrow_mut().succeeded();
                    let answered_at = self.answered_at(&response);
                    self.note_time(answered_at);
                    return Ok(Answer {
                        status: response.status,
                        request_id: status::request_id(&response, &self.token),
                        answered_at,
                        etag: response.etag,
                        body: response.body,
                        label,
                        subject: call.about.map(ToString::to_string),
                        attempts: attempts + 1,
                    });
                }
                Ok(Err(failed)) => {
                    // A request of a stopped call was not sent.
                    attempts += u32::from(failed.error.code != Code::CallStopped);
                    failed
                }
                Err(mut too_late) => {
                    if let Some(earlier) = throttled {
                        let wait = too_late.retry_after_ms.or(earlier.retry_after_ms);
                        too_late = earlier;
                        too_late.retry_after_ms = wait;
                    }
                    self.complete(&mut too_late, label, call.about, attempts, maybe_applied);
                    return Err(too_late);
                }
            };
            maybe_applied |= label.is_write() && !failed.nothing_done;
            let mut error = failed.error;
            error.retry_after_ms = failed.retry_after_ms.map(in_contract);
            let wait = match failed.failure {
                Failure::Throttled { .. } => self.pause_of_pace(failed.retry_after_ms),
                Failure::Transient => {
                    failures += 1;
                    self.wait_before(Attempt {
                        number: failures,
                        max: self.settings.max_attempts,
                        repeat: call.repeat,
                        retry_after_ms: failed.retry_after_ms,
                        remaining_ms: self.remaining_ms(),
                    })
                }
                Failure::Final => None,
            };
            let Some(wait) = wait else {
                self.complete(&mut error, label, call.about, attempts, maybe_applied);
                return Err(error);
            };
            if failed.failure != (Failure::Throttled { is_new: false }) {
                self.platform.log.line(&format!(
                    "{label}: {}, try {} in {wait} ms",
                    failed.reason,
                    attempts + 1
                ));
            }
            throttled = match failed.failure {
                // The next turn of the pace is the wait.
                Failure::Throttled { .. } => Some(error),
                _ => {
                    self.platform.clock.sleep(wait).await;
                    None
                }
            };
        }
    }

    /// Waits until the pace of the call lets the next request start. Fails if that is not before
    /// the deadline.
    async fn wait_for_turn(&self) -> Result<()> {
        loop {
            match self.pace.start(self.platform.clock.monotonic_ms()) {
                Turn::Now => return Ok(()),
                Turn::Wait { ms, .. } if ms < self.remaining_ms() => {
                    let until = self.platform.clock.monotonic_ms() + ms;
                    self.platform.clock.sleep(ms).await;
                    // A host that stops the call cuts its waits short, and then refuses this
                    // request.
                    if self.platform.clock.monotonic_ms() + WAIT_CUT_SHORT_MS < until {
                        return Ok(());
                    }
                }
                Turn::Wait { ms, asked } => {
                    let mut error = Error::new(
                        Code::RateLimited,
                        "The server takes no more requests for now, and the time allowed for the \
                         call does not reach until it does. Call again later, or allow more \
                         (RETOOL_DEADLINE_MS).",
                    );
                    error.retry_after_ms = asked.then(|| in_contract(ms));
                    return Err(error);
                }
            }
        }
    }

    /// Returns how long a request that was throttled waits; `None` if the call has no time for
    /// that. `asked_ms` is how long the server asks to wait.
    fn pause_of_pace(&self, asked_ms: Option<u64>) -> Option<u64> {
        let remaining = self.remaining_ms();
        let guided = asked_ms.is_some_and(|ms| ms > 0);
        let wait = match self.pace.peek(self.platform.clock.monotonic_ms()) {
            Turn::Now => 0,
            Turn::Wait { ms, .. } => ms,
        };
        (wait < remaining && (guided || remaining >= LEAST_LEFT_MS)).then_some(wait)
    }

    /// Waits before try `attempts + 1` of a write that the caller repeats after checking that it
    /// was not applied. Waits as after any transient failure, and at least as long as the server
    /// asked for. Returns `false` without waiting if the write should not be tried again: too
    /// many tries, too many failures, or no time.
    pub async fn pause(&self, attempts: u32, retry_after_ms: Option<u32>) -> bool {
        let wait = self.wait_before(Attempt {
            number: attempts,
            max: self.settings.max_attempts,
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

    fn note_time(&self, answered_at: Option<i64>) {
        let earliest = self.server_time.get().into_iter().chain(answered_at).min();
        self.server_time.set(earliest);
    }

    /// Returns the earliest time that the server gave (`Date`), in milliseconds since the Unix
    /// epoch: what is older than N days by this time is so by any later one.
    pub fn server_time(&self) -> Option<i64> {
        self.server_time.get()
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

/// Returns a wait as the contract has it.
fn in_contract(ms: u64) -> u32 {
    u32::try_from(ms).unwrap_or(u32::MAX)
}

fn out_of_time() -> Error {
    Error::new(
        Code::DeadlineExceeded,
        "The time allowed for the call ran out. Call again, or allow more (RETOOL_DEADLINE_MS).",
    )
}

#[cfg(test)]
mod tests;
