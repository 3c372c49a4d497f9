//! E-mail addresses, and what stands for the address of an account without one.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::cmp::Ordering;

use super::{UserId, text};

/// An address that identifies a person: trimmed, and compared by [`text::key`].
///
/// Reading it from a server never fails; addresses from callers are checked in `input`.
///
/// An account without an address has a [stand-in](Email::stand_in) here, so that it can be named
/// and sorted like the others. A stand-in is equal to no address.
#[derive(Clone, Debug)]
pub struct Email {
    text: String,
    /// The key for comparisons, if it differs from `text`.
    key: Option<Box<str>>,
}

/// The first character of a stand-in's key. No address has it, and it comes before all of them.
const STAND_IN: char = '\0';

impl Email {
    /// Creates an address from a text, trimmed but not checked.
    pub fn new(text: &str) -> Self {
        let text = text.trim().trim_start_matches(STAND_IN);
        let key = match Email::key_of(text) {
            Cow::Owned(key) if key != text => Some(key.into_boxed_str()),
            Cow::Owned(_) | Cow::Borrowed(_) => None,
        };
        Email { text: text.to_string(), key }
    }

    /// Creates what stands for the address of an account without one. For people it reads as the
    /// login, or else as the id.
    pub fn stand_in(id: &UserId, login: Option<&str>) -> Self {
        let login = login.map(str::trim).filter(|login| !login.is_empty());
        let key = Some(format!("{STAND_IN}{}", id.value).into_boxed_str());
        Email { text: login.unwrap_or(&id.value).to_string(), key }
    }

    /// Returns the address of an account as the server stores it, or else its
    /// [stand-in](Email::stand_in).
    pub fn of_account(address: &str, id: &UserId, login: Option<&str>) -> Self {
        let email = Email::new(address);
        if email.key().is_empty() { Email::stand_in(id, login) } else { email }
    }

    /// Returns whether this is an address, and not a stand-in for one.
    pub fn is_address(&self) -> bool {
        Email::is_address_key(self.key())
    }

    /// Returns whether a [key](Email::key) is that of an address.
    pub fn is_address_key(key: &str) -> bool {
        !key.is_empty() && !key.starts_with(STAND_IN)
    }

    /// Returns the address as written, trimmed; of a stand-in, the account's login or id.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the same as [`as_str`](Email::as_str).
    pub fn into_string(self) -> String {
        self.text
    }

    /// Returns the key for comparisons of an address with this text.
    pub fn key_of(text: &str) -> Cow<'_, str> {
        text::key(text)
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
