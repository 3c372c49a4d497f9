//! The description of a request, without how it is sent.

use alloc::vec::Vec;
use core::fmt;

use super::{Method, Path};

/// Whether a request may be sent again when its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Reads, and idempotent writes.
    Safe,
    /// Creations. Sent again only after the server throttled, which means that nothing was done.
    Never,
}

/// What a 404 means for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The path always exists, so the base URL is wrong (`base-url-wrong`).
    BaseUrl,
    /// The user does not exist (`user-not-found`).
    User,
    /// The group does not exist (`group-not-found`).
    Group,
    /// One of several things does not exist (`server-refused`, with the status).
    Unspecified,
}

/// The name of a request in errors and log lines: method and path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The method.
    pub method: Method,
    /// The path with its placeholders.
    pub template: &'static str,
}

impl Label {
    /// Returns whether the request may change something.
    pub(super) fn is_write(self) -> bool {
        self.method != Method::Get
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method.as_str())?;
        f.write_str(" ")?;
        f.write_str(self.template)
    }
}

/// One request to make.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The path under the base URL.
    pub path: Path<'a>,
    /// Names and values of the query, not encoded.
    pub query: &'a [(&'a str, &'a str)],
    /// The body, as JSON.
    pub body: Option<Vec<u8>>,
    /// Whether the request may be repeated.
    pub repeat: Repeat,
    /// The user or group that the request is about, for errors.
    pub about: Option<&'a str>,
    /// What a 404 means.
    pub missing: Missing,
    /// The scope that the token needs, e.g. `users:write`.
    pub scope: &'static str,
}

impl Call<'_> {
    /// Returns the name of the request in errors and log lines.
    pub fn label(&self) -> Label {
        Label { method: self.method, template: self.path.template }
    }
}
