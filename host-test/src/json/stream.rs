//! Serializes values of the contract as JSON without a copy of the whole.
//!
//! The keys of an object are sorted, as those of a [`Value`] are, but serde gives the fields of a struct
//! in the order of their declaration. So a struct is serialized once for each of its fields, and only
//! that one is taken; a copy of all would take many times the memory of the struct.

use serde::Serialize;
use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Map, Value};

use super::write::value;
use contract_json::wit_name;

/// Returns a value of the contract that serializes as [`value`] converts it, without the copy.
///
/// ```
/// use host_test::{json, retool::types::UserId};
///
/// let id = UserId::V1("5f0c".to_owned());
/// let text = serde_json::to_string(&json::named(&id)).unwrap();
/// assert_eq!(text, json::value(&id).unwrap().to_string());
/// ```
pub fn named<'a, T: Serialize + ?Sized>(value: &'a T) -> impl Serialize + use<'a, T> {
    Named(value)
}

/// Returns a struct of the contract that serializes as [`named`], with one field more.
pub fn named_with<'a, T: Serialize + ?Sized>(
    of: &'a T,
    key: &'static str,
    more: &'a Value,
) -> impl Serialize + use<'a, T> {
    With { of, key, more }
}

struct Named<'a, T: ?Sized>(&'a T);

struct With<'a, T: ?Sized> {
    of: &'a T,
    key: &'static str,
    more: &'a Value,
}

/// One field of a struct.
struct Field<'a, T: ?Sized> {
    of: &'a T,
    key: &'a str,
}

impl<T: Serialize + ?Sized> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        match self.0.serialize(Pass { inner, task: Task::Look })? {
            Passed::Written(done) => Ok(done),
            Passed::Struct(inner, keys) => object(self.0, inner, keys, None),
            Passed::Sorted(inner) => self.0.serialize(Pass { inner, task: Task::Map })?.written(),
            Passed::Unsorted(inner) => value(self.0).map_err(S::Error::custom)?.serialize(inner),
        }
    }
}

impl<T: Serialize + ?Sized> Serialize for With<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        match self.of.serialize(Pass { inner, task: Task::Look })? {
            Passed::Struct(inner, keys) => {
                object(self.of, inner, keys, Some((self.key, self.more)))
            }
            _ => Err(S::Error::custom("only a struct can have one field more")),
        }
    }
}

impl<T: Serialize + ?Sized> Serialize for Field<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.of.serialize(Pass { inner, task: Task::Field(self.key) })?.written()
    }
}

fn object<T: Serialize + ?Sized, S: Serializer>(
    of: &T,
    inner: S,
    mut keys: Vec<&'static str>,
    more: Option<(&'static str, &Value)>,
) -> Result<S::Ok, S::Error> {
    keys.extend(more.map(|(key, _)| key));
    keys.sort_unstable();
    keys.dedup();
    let mut object = inner.serialize_map(Some(keys.len()))?;
    for key in keys {
        match more {
            Some((own, value)) if own == key => object.serialize_entry(key, value)?,
            _ => object.serialize_entry(key, &Field { of, key })?,
        }
    }
    object.end()
}

/// What is done with a value.
enum Task<'a> {
    /// It is written, unless it is a struct or a map. Of those the keys are looked at.
    Look,
    /// Only this field of the struct is written.
    Field(&'a str),
    /// The map is written.
    Map,
}

enum Passed<S: Serializer> {
    Written(S::Ok),
    /// A struct with these fields.
    Struct(S, Vec<&'static str>),
    /// A map whose keys are sorted.
    Sorted(S),
    Unsorted(S),
}

impl<S: Serializer> Passed<S> {
    fn written(self) -> Result<S::Ok, S::Error> {
        match self {
            Passed::Written(done) => Ok(done),
            _ => Err(S::Error::custom("a value is not the same when it is serialized again")),
        }
    }
}

/// Passes a value on, with the names of the WIT.
struct Pass<'a, S> {
    inner: S,
    task: Task<'a>,
}

macro_rules! plainly {
    ($($method:ident($($value:ident: $type:ty)?);)*) => {$(
        fn $method(self $(, $value: $type)?) -> Result<Passed<S>, S::Error> {
            self.inner.$method($($value)?).map(Passed::Written)
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Pass<'a, S> {
    type Ok = Passed<S>;
    type Error = S::Error;
    type SerializeSeq = List<S>;
    type SerializeTuple = List<S>;
    type SerializeTupleStruct = List<S>;
    type SerializeTupleVariant = Case<S>;
    type SerializeMap = Pairs<S>;
    type SerializeStruct = Fields<'a, S>;
    type SerializeStructVariant = Case<S>;

    plainly! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
    }

    /// As a [`Value`] has it.
    fn serialize_f32(self, value: f32) -> Result<Passed<S>, S::Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Passed<S>, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Passed<S>, S::Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Passed<S>, S::Error> {
        self.serialize_str(&wit_name(variant))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Passed<S>, S::Error> {
        tagged(self.inner, variant, &Named(value))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List<S>, S::Error> {
        self.inner.serialize_seq(length).map(List)
    }

    fn serialize_tuple(self, length: usize) -> Result<List<S>, S::Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List<S>, S::Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Case<S>, S::Error> {
        Ok(Case { inner: self.inner, variant, content: Value::Array(Vec::new()) })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Pairs<S>, S::Error> {
        match self.task {
            Task::Map => self.inner.serialize_map(length).map(Pairs::Written),
            _ => Ok(Pairs::Looked { inner: self.inner, last: None, is_sorted: true }),
        }
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a, S>, S::Error> {
        Ok(match self.task {
            Task::Field(key) => Fields::One { inner: Some(self.inner), key, done: None },
            _ => Fields::Looked(self.inner, Vec::new()),
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Case<S>, S::Error> {
        Ok(Case { inner: self.inner, variant, content: Value::Object(Map::new()) })
    }
}

fn tagged<S: Serializer>(
    inner: S,
    variant: &str,
    value: &impl Serialize,
) -> Result<Passed<S>, S::Error> {
    let mut object = inner.serialize_map(Some(1))?;
    object.serialize_entry(&wit_name(variant), value)?;
    object.end().map(Passed::Written)
}

struct List<S: Serializer>(S::SerializeSeq);

macro_rules! lists {
    ($($trait:ident $method:ident;)*) => {$(
        impl<S: Serializer> $trait for List<S> {
            type Ok = Passed<S>;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), S::Error> {
                self.0.serialize_element(&Named(item))
            }

            fn end(self) -> Result<Passed<S>, S::Error> {
                self.0.end().map(Passed::Written)
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
}

enum Fields<'a, S: Serializer> {
    Looked(S, Vec<&'static str>),
    One { inner: Option<S>, key: &'a str, done: Option<S::Ok> },
}

impl<S: Serializer> SerializeStruct for Fields<'_, S> {
    type Ok = Passed<S>;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        match self {
            Fields::Looked(_, keys) => keys.push(name),
            Fields::One { inner, key, done } if *key == name => {
                if let Some(inner) = inner.take() {
                    *done = Some(Named(value).serialize(inner)?);
                }
            }
            Fields::One { .. } => {}
        }
        Ok(())
    }

    fn end(self) -> Result<Passed<S>, S::Error> {
        match self {
            Fields::Looked(inner, keys) => Ok(Passed::Struct(inner, keys)),
            Fields::One { done: Some(done), .. } => Ok(Passed::Written(done)),
            Fields::One { key, .. } => Err(S::Error::custom(format_args!("no field {key}"))),
        }
    }
}

enum Pairs<S: Serializer> {
    Looked { inner: S, last: Option<String>, is_sorted: bool },
    Written(S::SerializeMap),
}

impl<S: Serializer> SerializeMap for Pairs<S> {
    type Ok = Passed<S>;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        let key = match value(key).map_err(S::Error::custom)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match self {
            Pairs::Looked { last, is_sorted, .. } => {
                *is_sorted &= last.as_ref().is_none_or(|last| *last < key);
                *last = Some(key);
                Ok(())
            }
            Pairs::Written(object) => object.serialize_key(&key),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        match self {
            Pairs::Looked { .. } => Ok(()),
            Pairs::Written(object) => object.serialize_value(&Named(value)),
        }
    }

    fn end(self) -> Result<Passed<S>, S::Error> {
        match self {
            Pairs::Looked { inner, is_sorted: true, .. } => Ok(Passed::Sorted(inner)),
            Pairs::Looked { inner, .. } => Ok(Passed::Unsorted(inner)),
            Pairs::Written(object) => object.end().map(Passed::Written),
        }
    }
}

/// A case with several values. The contract has none, so they are small.
struct Case<S> {
    inner: S,
    variant: &'static str,
    content: Value,
}

impl<S: Serializer> SerializeTupleVariant for Case<S> {
    type Ok = Passed<S>;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), S::Error> {
        let item = value(item).map_err(S::Error::custom)?;
        self.content.as_array_mut().into_iter().for_each(|items| items.push(item.clone()));
        Ok(())
    }

    fn end(self) -> Result<Passed<S>, S::Error> {
        tagged(self.inner, self.variant, &self.content)
    }
}

impl<S: Serializer> SerializeStructVariant for Case<S> {
    type Ok = Passed<S>;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        field: &T,
    ) -> Result<(), S::Error> {
        self.content[key] = value(field).map_err(S::Error::custom)?;
        Ok(())
    }

    fn end(self) -> Result<Passed<S>, S::Error> {
        tagged(self.inner, self.variant, &self.content)
    }
}
