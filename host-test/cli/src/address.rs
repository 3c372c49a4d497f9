//! Addresses, as the component checks and compares them. Its own functions decide: two rules would
//! drift apart.

use std::borrow::Cow;

use retool_lifecycle::domain::Email;
use retool_lifecycle::input;

/// Returns whether the component takes this text for an address.
pub(crate) fn is_address(text: &str) -> bool {
    input::email(&"email", text).is_ok()
}

/// Returns the address as it is compared: trimmed, without case, in Unicode NFC.
pub(crate) fn key(text: &str) -> Cow<'_, str> {
    Email::key_of(text)
}
