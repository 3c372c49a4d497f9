//! One try of a request: sends it, and finds out what may follow a failure.

use alloc::format;
use core::fmt;

use super::super::status::{self, Asked};
use super::super::{Label, Limits, Request, Response, TransportError, retry_after};
use super::{Client, out_of_time};
use crate::error::{Code, Error};

/// Why a try failed, as far as this matters for retries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server did not process the request, because there were too many.
    Throttled {
        /// Whether this is a new throttling, and not that of another request in flight.
        is_new: bool,
    },
    /// The next try may succeed. The request may have taken effect.
    Transient,
    /// Another try does not help.
    Final,
}

/// A failed try, and what may follow it.
pub(super) struct Failed {
    pub error: Error,
    pub failure: Failure,
    /// How long the server asks to wait.
    pub retry_after_ms: Option<u64>,
    /// Whether the request certainly had no effect.
    pub nothing_done: bool,
    /// For the log.
    pub reason: Reason,
}

/// Why a try failed, for the log. Contains no text of the server.
pub(super) enum Reason {
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
    /// Sends the request once. `None` if there is no time left.
    pub(super) async fn try_once(
        &self,
        label: Label,
        request: &Request,
        asked: Asked<'_>,
    ) -> Option<Result<Response, Failed>> {
        let timeout_ms = self.remaining_ms();
        if timeout_ms == 0 {
            return None;
        }
        let limits = Limits {
            timeout_ms,
            idle_ms: u64::from(self.settings.try_timeout_ms),
            max_body_bytes: self.settings.max_body_bytes as usize,
        };
        let generation = self.window.generation();
        let pace_generation = self.pace.generation();
        let sent_at = self.elapsed_ms();
        let result = self.platform.transport.send(request, limits).await;
        let response = match result {
            Ok(response) => response,
            Err(error) => return Some(Err(self.broken(error))),
        };
        let status = response.status;
        let now_unix_ms = self.platform.clock.unix_ms();
        let checked = status::check(&response, asked, now_unix_ms);
        let is_throttled = checked.as_ref().is_err_and(|error| error.code == Code::RateLimited);
        match status {
            _ if is_throttled || status == 503 => self.window.throttled(generation),
            200..=299 => {
                let took_ms = self.elapsed_ms().saturating_sub(sent_at);
                self.window.succeeded(label, generation, took_ms);
            }
            _ => {}
        }
        if !is_throttled {
            self.pace.succeeded(pace_generation, self.platform.clock.monotonic_ms());
        }
        let Err(error) = checked else {
            return Some(Ok(response));
        };
        let mut retry_after_ms = None;
        let failure = if is_throttled {
            retry_after_ms = retry_after::throttled(&response, now_unix_ms);
            let is_new = self.pace.throttled(
                pace_generation,
                self.platform.clock.monotonic_ms(),
                retry_after_ms,
                self.remaining_ms(),
                self.platform.entropy.random_u64(),
            );
            Failure::Throttled { is_new }
        } else if status::is_transient(status) {
            let asked = response.retry_after.as_deref();
            retry_after_ms = asked.and_then(|text| retry_after::parse(text, now_unix_ms));
            Failure::Transient
        } else {
            Failure::Final
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
        let is_unsent = error == TransportError::Stopped;
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
                Failure::Final,
                "answer too large",
            ),
            TransportError::TimedOut if self.remaining_ms() == 0 => {
                (out_of_time(), Failure::Final, "timeout")
            }
            TransportError::TimedOut => (
                Error::new(
                    Code::ConnectionFailed,
                    format!(
                        "The server sent nothing for {} ms. Try again later, or allow it more time \
                         (RETOOL_TRY_TIMEOUT_MS).",
                        self.settings.try_timeout_ms
                    ),
                ),
                Failure::Transient,
                "timeout",
            ),
            TransportError::Stopped => (
                Error::new(
                    Code::CallStopped,
                    "The host was told to stop the call, so no further request was sent. Call \
                     again: it does what is left.",
                ),
                Failure::Final,
                "stopped by the host",
            ),
            TransportError::Failed => (
                Error::new(
                    Code::ConnectionFailed,
                    "The connection to the server could not be made, or broke. Check the base \
                     URL, and that the component is allowed to reach it; then try again.",
                ),
                Failure::Transient,
                "connection failed",
            ),
        };
        Failed {
            error,
            failure,
            retry_after_ms: None,
            nothing_done: is_unsent,
            reason: Reason::Text(reason),
        }
    }
}
