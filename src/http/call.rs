//! What a request is made of, apart from how it is sent.

use alloc::vec::Vec;
use core::fmt;

use super::{Method, Path};

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Reads, and writes that are the same done twice.
    Safe,
    /// Creations. Sent again only after a 429, which says that nothing was done.
    Never,
}

/// What a 404 says about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The path always exists, so the base URL is wrong (`base-url-wrong`).
    BaseUrl,
    /// There is no such user (`user-not-found`).
    User,
    /// There is no such group (`group-not-found`).
    Group,
    /// One of several things (`server-refused`, with the status).
    Unspecified,
}

/// What a request is called in errors and log lines: method and path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The method.
    pub method: Method,
    /// The path with its placeholders.
    pub template: &'static str,
}

impl Label {
    /// Whether it may change something.
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
    /// Names and values of the query, as they are (not encoded).
    pub query: &'a [(&'a str, &'a str)],
    /// What is sent, as JSON.
    pub body: Option<Vec<u8>>,
    /// Whether it may be repeated.
    pub repeat: Repeat,
    /// Whom or what it concerns, for errors.
    pub about: Option<&'a str>,
    /// What a 404 says.
    pub missing: Missing,
    /// The scope that the token needs for it, e.g. `users:write`.
    pub scope: &'static str,
}

impl Call<'_> {
    /// What it is called.
    pub fn label(&self) -> Label {
        Label { method: self.method, template: self.path.template }
    }
}
