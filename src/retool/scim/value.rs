//! Values as SCIM servers write them, which is not always as the RFC does.

use alloc::string::String;

use serde::Deserialize;

use crate::de::{Id, Object, object};

/// A number, or one in a text, as a count; what is none, or negative, is not told.
pub(super) fn count(number: &str) -> Option<u32> {
    let number: u64 = number.parse().ok()?;
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Whether a text can stand for an address. Whether it is one is checked where callers give it.
pub(super) fn is_address(text: &str) -> bool {
    let text = text.trim();
    let parted =
        text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    parted && !text.contains(char::is_whitespace)
}

/// What the server says about a record.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub created: Option<Id<'a>>,
    pub last_modified: Option<Id<'a>>,
}

/// The version in a record; `None` if it has none that can stand in `If-Match`.
pub(super) fn version(raw: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Versioned<'a> {
        #[serde(borrow)]
        meta: Option<Object<Version<'a>>>,
    }
    #[derive(Deserialize)]
    struct Version<'a> {
        #[serde(borrow)]
        version: Option<Id<'a>>,
    }
    let record: Versioned<'_> = object(raw.as_bytes()).ok()?;
    let version = record.meta?.0.version?;
    is_entity_tag(&version).then(|| version.into_string())
}

/// Whether a text is an entity tag: what is none is not sent, as a server could only refuse it.
pub(super) fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
}
