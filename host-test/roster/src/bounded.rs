//! Reads the parts of JSON that can become much larger than their text. Each ends as soon as it has more
//! than it may have.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::budget::Budget;
use crate::extras::{MAX_ATTRIBUTES, Metadata, attribute_value, too_many_attributes};
use crate::layout::MAX_COLUMNS;
use crate::{MAX_PEOPLE, too_many};

/// The most bytes of the metadata of a person, as many as the contract allows.
const MAX_METADATA: usize = 65_536;

/// The items of an array as they are in the file.
pub(crate) struct Items<'a>(pub(crate) Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Array).map(Items)
    }
}

/// The fields of an object in the file's order, with those that are there twice.
pub(crate) struct Object<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Person).map(Object)
    }
}

struct Array;

impl<'de> Visitor<'de> for Array {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of people")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = rows.next_element()? {
            if items.len() == MAX_PEOPLE {
                return Err(Error::custom(too_many()));
            }
            items.push(item);
        }
        Ok(items)
    }
}

struct Person;

impl<'de> Visitor<'de> for Person {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the fields of one person")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            if fields.len() == MAX_COLUMNS {
                let message = format!("{MAX_COLUMNS} fields are the most; leave some out");
                return Err(Error::custom(message));
            }
            fields.push(field);
        }
        Ok(fields)
    }
}

/// A list that may take what is left of the budget.
pub(crate) struct List<'a, T> {
    pub(crate) budget: &'a Budget,
    /// Returns about how many bytes an item takes.
    pub(crate) size: fn(&T) -> usize,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let (mut read, mut left) = (Vec::new(), self.budget.left());
        while let Some(item) = items.next_element()? {
            let rest = left.checked_sub((self.size)(&item));
            left = rest.ok_or_else(|| A::Error::custom(self.budget.spent()))?;
            read.push(item);
        }
        Ok(read)
    }
}

/// The attributes of a person by name, without those that have no value.
#[derive(Default)]
pub(crate) struct Attributes(pub(crate) BTreeMap<String, String>);

/// The metadata of a person.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) metadata: Metadata,
    bytes: usize,
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Map(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Map(PhantomData))
    }
}

/// Takes the fields of an object one by one.
trait Fields: Default {
    /// Takes a field. Fails if a person may not have so much.
    fn take(&mut self, name: String, json: &RawValue) -> Result<(), String>;
}

impl Fields for Attributes {
    fn take(&mut self, name: String, json: &RawValue) -> Result<(), String> {
        match attribute_value(json) {
            Some(value) => self.0.insert(name, value),
            None => self.0.remove(&name),
        };
        if self.0.len() > MAX_ATTRIBUTES { Err(too_many_attributes()) } else { Ok(()) }
    }
}

impl Fields for Keys {
    fn take(&mut self, name: String, json: &RawValue) -> Result<(), String> {
        self.bytes += name.len() + json.get().len();
        if self.bytes > MAX_METADATA {
            return Err(format!("{MAX_METADATA} bytes are the most; leave keys out"));
        }
        self.metadata.insert(name, json.to_owned());
        Ok(())
    }
}

struct Map<T>(PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for Map<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<T, A::Error> {
        let mut taken = T::default();
        while let Some((name, json)) = fields.next_entry::<String, &RawValue>()? {
            taken.take(name, json).map_err(A::Error::custom)?;
        }
        Ok(taken)
    }
}
