//! Values as SCIM servers write them, which is not always as the RFC does.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::json::{Nested, Record, Slot, Text, read_record};

/// A number, or one in a text, as a count; what is none, or negative, is not told.
pub(super) fn count(number: &Text<'_>) -> Option<u32> {
    let number: u64 = number.get()?.parse().ok()?;
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
#[derive(Default)]
pub(super) struct Meta<'a> {
    pub created: Text<'a>,
    pub last_modified: Text<'a>,
}

impl<'a> Record<'a> for Meta<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "created" => Slot::Id(&mut self.created),
            "lastModified" => Slot::Id(&mut self.last_modified),
            _ => Slot::Skip,
        }
    }
}

/// The version in a record; `None` if it has none that can stand in `If-Match`.
pub(super) fn version(raw: &str) -> Option<String> {
    #[derive(Default)]
    struct Versioned<'a> {
        meta: Nested<VersionOf<'a>>,
    }
    #[derive(Default)]
    struct VersionOf<'a> {
        version: Text<'a>,
    }
    impl<'a> Record<'a> for Versioned<'a> {
        fn field(&mut self, name: &str) -> Slot<'_, 'a> {
            match name {
                "meta" => self.meta.slot(),
                _ => Slot::Skip,
            }
        }
    }
    impl<'a> Record<'a> for VersionOf<'a> {
        fn field(&mut self, name: &str) -> Slot<'_, 'a> {
            match name {
                "version" => Slot::Id(&mut self.version),
                _ => Slot::Skip,
            }
        }
    }
    let record: Versioned<'_> = read_record(raw.as_bytes()).ok()?;
    let version = record.meta.record.version.value()?;
    is_entity_tag(&version).then(|| Cow::into_owned(version))
}

/// Whether a text is an entity tag: what is none is not sent, as a server could only refuse it.
pub(super) fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
}
