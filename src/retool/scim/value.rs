//! Values as SCIM servers write them, which sometimes differs from the RFC.

use alloc::string::String;

use serde::Deserialize;

use crate::de::{Id, Object, object};

/// Parses a count. `None` for a negative number or for any other text.
pub(super) fn count(number: &str) -> Option<u32> {
    let number: u64 = number.parse().ok()?;
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Returns whether a text looks like an address. Addresses from callers are validated elsewhere.
pub(super) fn is_address(text: &str) -> bool {
    let text = text.trim();
    let parted =
        text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    parted && !text.contains(char::is_whitespace)
}

/// The server's metadata of a record.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub created: Option<Id<'a>>,
    pub last_modified: Option<Id<'a>>,
}

/// Returns the version in a record; `None` if it has none that `If-Match` can contain.
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

/// Returns whether a text is an entity tag. Other texts are not sent, because a server could only
/// refuse them.
pub(super) fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
}
