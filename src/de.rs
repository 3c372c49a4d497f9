//! Decoding of JSON responses with serde: the shared parts of all wire types.
//!
//! Texts without escapes are borrowed from the body. Decoding is lenient about fields: unknown
//! fields are skipped, and optional fields may be missing or `null`. It is strict about shape: a
//! value of another type and a duplicate field are errors, and a record must be an object.
//! Unknown values are skipped without recursion, so nesting can't exhaust the stack.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// Decodes a body that must be a JSON object.
pub fn object<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Error> {
    // `serde_json::from_slice` would check each text for UTF-8 separately, which is slower.
    let json = text(body)?;
    match serde_json::from_str(json) {
        Ok(Object(value)) => Ok(value),
        Err(error) => Err(Error::new(json, &error)),
    }
}

/// Returns a body as text. Fails if it is not UTF-8.
pub fn text(body: &[u8]) -> Result<&str, Error> {
    str::from_utf8(body).map_err(|error| Error::at(Kind::Syntax, body, error.valid_up_to()))
}

/// Why a body could not be decoded. Contains nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong with the body.
    pub kind: Kind,
    /// The line of the error, from 1.
    pub line: usize,
    /// The column of the error in bytes, from 1.
    pub column: usize,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The body is not JSON, or not UTF-8.
    Syntax,
    /// The body ends too early.
    End,
    /// The body is JSON of another shape than expected.
    Shape,
}

impl Error {
    fn new(json: &str, error: &serde_json::Error) -> Self {
        let kind = match error.classify() {
            serde_json::error::Category::Eof => Kind::End,
            serde_json::error::Category::Data => Kind::Shape,
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => Kind::Syntax,
        };
        match kind {
            // serde_json reports the column of the last byte, not of the end.
            Kind::End => Error::at(kind, json.as_bytes(), json.len()),
            _ => Error { kind, line: error.line(), column: error.column() },
        }
    }

    fn at(kind: Kind, body: &[u8], at: usize) -> Self {
        let mut lines = body[..at].split(|byte| *byte == b'\n');
        let column = 1 + lines.next_back().map_or(0, <[u8]>::len);
        Error { kind, line: 1 + lines.count(), column }
    }
}

/// A JSON object as `T`. Derived code alone would also accept an array of the fields' values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Object)
    }
}

/// A JSON array of objects.
#[derive(Clone, Debug)]
pub struct Objects<T>(pub Vec<T>);

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Objects(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Objects<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectsVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectsVisitor<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of objects")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(Object(value)) = seq.next_element()? {
                    values.push(value);
                }
                Ok(values)
            }
        }

        deserializer.deserialize_seq(ObjectsVisitor(PhantomData)).map(Objects)
    }
}

/// A text, borrowed if it has no escapes. serde's own `Cow` always copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// Returns the text, copied if it is borrowed.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<Text<'a>> for Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        text.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_string())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// A text, or a whole number of up to 64 bits as text: an id, or another value that some servers
/// write as a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Id<'a>(Text<'a>);

impl Id<'_> {
    /// Returns the id as text, copied if it is borrowed.
    pub fn into_string(self) -> String {
        self.0.into_string()
    }
}

impl Deref for Id<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<Id<'a>> for Cow<'a, str> {
    fn from(id: Id<'a>) -> Self {
        id.0.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl<'de> Visitor<'de> for IdVisitor {
            type Value = Id<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Id<'de>, E> {
                Ok(Id(Text(Cow::Borrowed(text))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<'de>, E> {
                Ok(Id(Text(Cow::Owned(text.to_string()))))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id<'de>, E> {
                Ok(Id(Text(Cow::Owned(number.to_string()))))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Id<'de>, E> {
                Ok(Id(Text(Cow::Owned(number.to_string()))))
            }
        }

        // The value may be a text or a number, so its JSON type decides.
        deserializer.deserialize_any(IdVisitor)
    }
}

/// An object, or only its id as a text or as a whole number that is not negative.
#[derive(Clone, Debug)]
pub enum ObjectOrId<'a, T> {
    /// An object.
    Object(T),
    /// An id.
    Id(Id<'a>),
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for ObjectOrId<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectOrIdVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectOrIdVisitor<T> {
            type Value = ObjectOrId<'de, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an id")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(ObjectOrId::Object)
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(ObjectOrId::Id(Id(Text(Cow::Borrowed(text)))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(ObjectOrId::Id(Id(Text(Cow::Owned(text.to_string())))))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(ObjectOrId::Id(Id(Text(Cow::Owned(number.to_string())))))
            }
        }

        deserializer.deserialize_any(ObjectOrIdVisitor(PhantomData))
    }
}

/// `true` or `false`, also as a text in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoolOrName(pub bool);

impl<'de> Deserialize<'de> for BoolOrName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoolOrNameVisitor;

        impl Visitor<'_> for BoolOrNameVisitor {
            type Value = BoolOrName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<BoolOrName, E> {
                Ok(BoolOrName(value))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<BoolOrName, E> {
                match name {
                    _ if name.eq_ignore_ascii_case("true") => Ok(BoolOrName(true)),
                    _ if name.eq_ignore_ascii_case("false") => Ok(BoolOrName(false)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
                }
            }
        }

        deserializer.deserialize_any(BoolOrNameVisitor)
    }
}

/// Returns the text of a field, or `None` if it is empty: servers do not distinguish empty from
/// missing.
pub fn filled<'a>(text: Option<impl Into<Cow<'a, str>>>) -> Option<String> {
    let text: Cow<'a, str> = text?.into();
    (!text.is_empty()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests;
