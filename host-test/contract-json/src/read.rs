//! The reader: a deserializer around the parser's, and a visitor around each of a type's.

use alloc::string::{String, ToString};
use core::cell::RefCell;

use serde::Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::enums::Cases;
use crate::place::Place;
use crate::raised::Raised;
use crate::records::Record;
use crate::refusal::Refusal;

/// What happens to keys that a record does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// They are refused, so that nothing that was given is ignored.
    Known,
    /// They are ignored: a later version may have written the value.
    Any,
}

/// Reads a value from the text of its JSON.
///
/// A text that is not JSON is [`Refusal::Syntax`], also where its beginning has another form.
pub fn from_slice<T: DeserializeOwned>(text: &[u8], keys: Keys) -> Result<T, Refusal> {
    let mut parser = serde_json::Deserializer::from_slice(text);
    match from_deserializer(&mut parser, keys) {
        Ok(value) => parser.end().map(|()| value).map_err(syntax),
        Err(Refusal::Form { field, problem }) => {
            serde_json::from_slice::<IgnoredAny>(text).map_err(syntax)?;
            Err(Refusal::Form { field, problem })
        }
        Err(refusal) => Err(refusal),
    }
}

fn syntax(error: serde_json::Error) -> Refusal {
    Refusal::Syntax(error.to_string())
}

/// Reads a value from any deserializer of JSON, e.g. a `serde_json::Value`.
pub fn from_deserializer<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    inner: D,
    keys: Keys,
) -> Result<T, Refusal> {
    let refusal = RefCell::new(None);
    let place = Place::top(&refusal);
    let read = T::deserialize(Reader { inner, place: &place, keys });
    read.map_err(|raised| {
        let _: serde::de::value::Error = place.keep(raised);
        refusal.take().unwrap_or_else(|| Refusal::Syntax(String::new()))
    })
}

/// A deserializer that keeps where it is.
pub(crate) struct Reader<'a, D> {
    pub(crate) inner: D,
    pub(crate) place: &'a Place<'a>,
    pub(crate) keys: Keys,
}

impl<'a, D> Reader<'a, D> {
    fn any<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        must_be: &'static str,
        integer: bool,
    ) -> Result<V::Value, Raised>
    where
        D: Deserializer<'de>,
    {
        let (place, keys) = (self.place, self.keys);
        self.inner
            .deserialize_any(Checked { visitor, place, keys, must_be, integer })
            .map_err(|error| place.raise(error))
    }
}

/// Defines methods that read any value, and say what it must be. `integer` is whether that is a
/// whole number.
macro_rules! any {
    (integer: $integer:literal; $($method:ident $must_be:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Raised> {
            self.any(visitor, $must_be, $integer)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Reader<'_, D> {
    type Error = Raised;

    any! {
        integer: false;
        deserialize_any "a value";
        deserialize_bool "true or false";
        deserialize_f32 "a number";
        deserialize_f64 "a number";
        deserialize_char "a string of one character";
        deserialize_str "a string";
        deserialize_string "a string";
        deserialize_bytes "a string";
        deserialize_byte_buf "a string";
        deserialize_unit "null";
        deserialize_seq "an array";
        deserialize_map "an object";
        deserialize_identifier "a string";
    }

    any! {
        integer: true;
        deserialize_i8 "a whole number";
        deserialize_i16 "a whole number";
        deserialize_i32 "a whole number";
        deserialize_i64 "a whole number";
        deserialize_i128 "a whole number";
        deserialize_u8 "a whole number from 0 to 255";
        deserialize_u16 "a whole number from 0 to 65535";
        deserialize_u32 "a whole number from 0 to 4294967295";
        deserialize_u64 "a whole number from 0";
        deserialize_u128 "a whole number from 0";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Raised> {
        let (place, keys) = (self.place, self.keys);
        self.inner
            .deserialize_option(Checked {
                visitor,
                place,
                keys,
                must_be: "a value",
                integer: false,
            })
            .map_err(|error| place.raise(error))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Raised> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Raised> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Raised> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Raised> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Raised> {
        let (place, keys) = (self.place, self.keys);
        self.inner
            .deserialize_any(Record { visitor, place, keys, fields })
            .map_err(|error| place.raise(error))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        cases: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Raised> {
        let (place, keys) = (self.place, self.keys);
        self.inner
            .deserialize_any(Cases { visitor, place, keys, cases })
            .map_err(|error| place.raise(error))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Raised> {
        let place = self.place;
        self.inner.deserialize_ignored_any(visitor).map_err(|error| place.raise(error))
    }
}

/// A visitor that says what the value must be.
struct Checked<'a, V> {
    visitor: V,
    place: &'a Place<'a>,
    keys: Keys,
    must_be: &'static str,
    /// Whether it is a whole number, which may be written as `30.0`.
    integer: bool,
}

/// The largest number up to which every whole number is one of the parser's, 2^53.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns a number without a fraction as an integer.
fn integer(value: f64) -> Option<i64> {
    let whole = value as i64;
    (value.abs() <= MOST_EXACT && whole as f64 == value).then_some(whole)
}

/// Forwards the visits of plain values.
macro_rules! forward {
    ($($method:ident($($value:ident: $type:ty)?);)*) => {$(
        fn $method<E: Error>(self $(, $value: $type)?) -> Result<V::Value, E> {
            let Checked { visitor, place, must_be, .. } = self;
            visitor.$method($($value)?).map_err(|raised: Raised| place.keep(raised.or_must_be(must_be)))
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Checked<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.must_be)
    }

    forward! {
        visit_bool(value: bool);
        visit_i64(value: i64);
        visit_u64(value: u64);
        visit_str(value: &str);
        visit_string(value: String);
        visit_unit();
        visit_none();
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        let Checked { visitor, place, must_be, .. } = self;
        let read = match integer(value).filter(|_| self.integer) {
            Some(whole) => visitor.visit_i64(whole),
            None => visitor.visit_f64(value),
        };
        read.map_err(|raised: Raised| place.keep(raised.or_must_be(must_be)))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let Checked { visitor, place, keys, .. } = self;
        visitor.visit_some(Reader { inner, place, keys }).map_err(|raised| place.keep(raised))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let Checked { visitor, place, keys, must_be, .. } = self;
        visitor
            .visit_seq(Items { inner, place, keys, index: 0 })
            .map_err(|raised| place.keep(raised.or_must_be(must_be)))
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let Checked { visitor, place, keys, must_be, .. } = self;
        visitor
            .visit_map(Entries { inner, place, keys })
            .map_err(|raised| place.keep(raised.or_must_be(must_be)))
    }
}

/// The items of an array.
struct Items<'a, A> {
    inner: A,
    place: &'a Place<'a>,
    keys: Keys,
    index: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = Raised;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Raised> {
        let place = self.place.item(self.index);
        self.index += 1;
        let seed = Seed { seed, place: &place, keys: self.keys };
        self.inner.next_element_seed(seed).map_err(|error| place.raise(error))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The entries of an object that is no record.
struct Entries<'a, A> {
    inner: A,
    place: &'a Place<'a>,
    keys: Keys,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = Raised;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Raised> {
        self.inner.next_key_seed(seed).map_err(|error| self.place.raise(error))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Raised> {
        let seed = Seed { seed, place: self.place, keys: self.keys };
        self.inner.next_value_seed(seed).map_err(|error| self.place.raise(error))
    }
}

/// Reads a value at its place.
pub(crate) struct Seed<'a, S> {
    pub(crate) seed: S,
    pub(crate) place: &'a Place<'a>,
    pub(crate) keys: Keys,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let Seed { seed, place, keys } = self;
        seed.deserialize(Reader { inner, place, keys }).map_err(|raised| place.keep(raised))
    }
}
