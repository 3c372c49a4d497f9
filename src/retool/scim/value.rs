//! Values as SCIM servers write them, which is not always as the RFC does.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::{String, ToString};
use core::fmt;
use core::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// Text that borrows from the body where it can, which `Option<Cow>` alone does not. Ids and
/// numbers in text are whole numbers too.
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// As a count; what is none, or negative, is not told.
    pub fn count(&self) -> Option<u32> {
        let number: u64 = self.0.parse().ok()?;
        Some(u32::try_from(number).unwrap_or(u32::MAX))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a whole number")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
}

/// Nothing and the empty text mean the same.
pub(super) fn text(value: Option<Text<'_>>) -> Option<String> {
    value.filter(|text| !text.0.is_empty()).map(|text| text.0.into_owned())
}

/// A flag, or its name in any case.
#[derive(Clone, Copy)]
pub(super) struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor).map(Flag)
    }
}

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<bool, E> {
        Ok(flag)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        if is("true") || is("false") { Ok(is("true")) } else { Err(E::custom("no flag")) }
    }
}

/// A value that stands as an object. What is derived takes an array of the fields' values too,
/// which no server sends, and which would make a listing of nobody out of `[[], 0]`.
pub(super) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Whether a text can stand for an address. Whether it is one is checked where callers give it.
pub(super) fn is_address(text: &str) -> bool {
    let text = text.trim();
    let parted =
        text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    parted && !text.contains(char::is_whitespace)
}

/// What the server says about a record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub created: Option<Text<'a>>,
    #[serde(borrow)]
    pub last_modified: Option<Text<'a>>,
}

/// The version in a record; `None` if it has none that can stand in `If-Match`.
pub(super) fn version(raw: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        meta: Option<Object<Versioned<'a>>>,
    }
    #[derive(Deserialize)]
    struct Versioned<'a> {
        #[serde(borrow)]
        version: Option<Text<'a>>,
    }
    let Object(record): Object<Record<'_>> = serde_json::from_str(raw).ok()?;
    let version = record.meta?.0.version?.0;
    is_entity_tag(&version).then(|| version.into_owned())
}

/// Whether a text is an entity tag: what is none is not sent, as a server could only refuse it.
pub(super) fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
}

/// A text as it stands in a filter or a path with a filter.
pub(super) fn quoted(text: &str) -> String {
    // Text is always JSON.
    serde_json::to_string(text).unwrap_or_default()
}
