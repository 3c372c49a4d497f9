//! E-mail addresses, compared as Retool compares them.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::cmp::Ordering;

/// An address that identifies a person: trimmed, and compared without regard to case.
///
/// Reading it from a server never fails; addresses from callers are checked in `input`.
#[derive(Clone, Debug)]
pub struct Email {
    text: String,
    /// The key for comparisons, if it differs from `text`.
    key: Option<Box<str>>,
}

impl Email {
    /// Creates an address from a text, trimmed but not checked.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let key = match Email::key_of(text) {
            Cow::Owned(key) if key != text => Some(key.into_boxed_str()),
            Cow::Owned(_) | Cow::Borrowed(_) => None,
        };
        Email { text: text.to_string(), key }
    }

    /// Returns the address as written, trimmed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the address as written, trimmed.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Returns the key for comparisons of an address with this text.
    pub fn key_of(text: &str) -> Cow<'_, str> {
        let text = text.trim();
        let is_key = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        if is_key { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
    }

    /// Returns the key for comparisons.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.text)
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Email {}

impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Email {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }
}
