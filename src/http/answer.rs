//! The response to a request that succeeded.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;

use super::Label;
use crate::de::{self, Kind};
use crate::error::{Code, Error, Result};
use crate::profile::{self, Phase};

/// A response with a good status, and the details that an error about it contains.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) label: Label,
    pub(super) subject: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) attempts: u32,
    pub(super) answered_at: Option<i64>,
    pub(super) etag: Option<String>,
}

impl Answer {
    /// Returns the body, which may be empty.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text. Fails with `answer-unusable` if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        de::text(&self.body).map_err(|error| self.undecodable(error))
    }

    /// Returns the server's time (`Date`) in milliseconds since the Unix epoch. `None` if it
    /// sent no date, or one that can't be read.
    pub fn answered_at(&self) -> Option<i64> {
        self.answered_at
    }

    /// Returns the version (`ETag`) of the resource in the body, as the server wrote it, if it
    /// sent one.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Decodes the body, which must be an object, and borrows from it. Fails with
    /// `answer-unusable`. The error repeats nothing of the body.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        profile::time(Phase::Decoding, || de::object(&self.body))
            .map_err(|error| self.undecodable(error))
    }

    fn undecodable(&self, error: de::Error) -> Error {
        let de::Error { kind, line, column } = error;
        let what = match kind {
            Kind::Shape => "has another shape than expected",
            Kind::End => "ends too early",
            Kind::Syntax => "is not JSON",
        };
        self.error(
            Code::AnswerUnusable,
            format!(
                "The server's answer {what} (line {line}, column {column}). Check that the base \
                 URL leads to Retool and nothing in between changes its answers."
            ),
        )
    }

    /// Returns an error about this response, with request, request id, status, attempts and
    /// subject filled in. For a write, `maybe_applied` is set, because the server reported
    /// success.
    pub fn error(&self, code: Code, message: impl Into<String>) -> Error {
        let mut error = Error::new(code, message);
        error.subject.clone_from(&self.subject);
        error.request = Some(self.label.to_string());
        error.request_id.clone_from(&self.request_id);
        error.http_status = Some(self.status);
        error.attempts = self.attempts;
        error.maybe_applied = self.label.is_write();
        error
    }
}
