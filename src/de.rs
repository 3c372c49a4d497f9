//! Decoding of JSON answers with serde: what all wire types share.
//!
//! Texts are borrowed from the body where they have no escapes. Decoding is lenient about fields
//! (unknown ones are skipped, optional ones may be missing or `null`) and strict about shape: a
//! value of another type is an error, so is a field that comes twice, and a record must be an
//! object. Unknown values are skipped without recursion, so nesting can't exhaust the stack.

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
    // `serde_json::from_slice` would check each text on its own, which is slower.
    let json = text(body)?;
    match serde_json::from_str(json) {
        Ok(Object(value)) => Ok(value),
        Err(error) => Err(Error::new(json, &error)),
    }
}

/// A body as text. Fails if it is not UTF-8.
pub fn text(body: &[u8]) -> Result<&str, Error> {
    str::from_utf8(body).map_err(|error| Error::at(Kind::Syntax, body, error.valid_up_to()))
}

/// Why a body could not be decoded. Repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong with the body.
    pub kind: Kind,
    /// The line at which that showed, from 1.
    pub line: usize,
    /// The column in that line, from 1, in bytes.
    pub column: usize,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is not JSON, or not UTF-8.
    Syntax,
    /// It ends too early.
    End,
    /// It is JSON of another shape than expected.
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
            // serde_json gives the column of the last byte that there is.
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

/// A JSON object as `T`. Derived code alone would also take an array of the fields' values.
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

/// A text, borrowed where it has no escapes. serde's own `Cow` always copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text, copied if it is borrowed.
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

/// A text, or a whole number of up to 64 bits as text: an id, or what some servers write as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Id<'a>(Text<'a>);

impl Id<'_> {
    /// The id as text, copied if it is borrowed.
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

        // What stands there decides, as it may be text or a number.
        deserializer.deserialize_any(IdVisitor)
    }
}

/// An object, or only its id: as text, or as a whole number that is not negative.
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

/// `true` or `false`, also as text in any case.
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

/// The text of a field if it has any characters: servers don't tell empty from missing.
pub fn filled<'a>(text: Option<impl Into<Cow<'a, str>>>) -> Option<String> {
    let text: Cow<'a, str> = text?.into();
    (!text.is_empty()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests;
