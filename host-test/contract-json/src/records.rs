//! Records: objects with known keys.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::place::Place;
use crate::raised::Raised;
use crate::read::{Keys, Seed};

/// How much of an unknown key an error repeats, in characters.
const MOST_OF_A_KEY: usize = 60;

/// The visitor of a record. Everything but an object is refused.
pub(crate) struct Record<'a, V> {
    pub(crate) visitor: V,
    pub(crate) place: &'a Place<'a>,
    pub(crate) keys: Keys,
    pub(crate) fields: &'static [&'static str],
}

/// Refuses the visits of all values but objects and strings.
macro_rules! refuse {
    ($($method:ident($($type:ty)?);)*) => {$(
        fn $method<E: Error>(self $(, _: $type)?) -> Result<V::Value, E> {
            Err(self.refused())
        }
    )*};
}
pub(crate) use refuse;

impl<V> Record<'_, V> {
    fn refused<E: Error>(&self) -> E {
        self.place.keep(Raised::here("must be an object"))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Record<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    refuse! {
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
        visit_str(&str);
        visit_unit();
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<V::Value, A::Error> {
        Err(self.refused())
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let Record { visitor, place, keys, fields } = self;
        visitor
            .visit_map(Fields { inner, place, keys, fields, key: "" })
            .map_err(|raised| place.keep(raised))
    }
}

/// The fields of a record.
struct Fields<'a, A> {
    inner: A,
    place: &'a Place<'a>,
    keys: Keys,
    fields: &'static [&'static str],
    /// The key whose value comes next; empty if the record does not have it.
    key: &'static str,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = Raised;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Raised> {
        let Fields { place, keys, fields, .. } = *self;
        let key = self.inner.next_key_seed(Key { place, keys, fields });
        let Some(key) = key.map_err(|error| place.raise(error))? else {
            return Ok(None);
        };
        self.key = key;
        let name: StrDeserializer<'_, Raised> = key.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Raised> {
        let place = self.place.key(self.key);
        let seed = Seed { seed, place: &place, keys: self.keys };
        self.inner.next_value_seed(seed).map_err(|error| place.raise(error))
    }
}

/// Reads a key, and finds it among the fields.
struct Key<'a> {
    place: &'a Place<'a>,
    keys: Keys,
    fields: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<&'static str, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'static str, E> {
        let known = self.fields.iter().find(|field| **field == key);
        match (known, self.keys) {
            (Some(known), _) => Ok(known),
            // No field has this name, so the type ignores it.
            (None, Keys::Any) => Ok(""),
            (None, Keys::Known) => {
                let problem = match self.fields {
                    [] => "is not known: there are no keys here".to_owned(),
                    fields => format!("is not known; known are: {}", fields.join(", ")),
                };
                let key: String = key.chars().take(MOST_OF_A_KEY).collect();
                Err(self.place.keep(Raised::Here { key: Some(key), problem }))
            }
        }
    }
}
