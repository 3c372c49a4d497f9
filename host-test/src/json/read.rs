//! Deserializes values of the contract from JSON.

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

use super::wit_name;

/// Reads a value of the contract, e.g. a stored plan or tombstone, from the JSON that
/// [`value`](super::value) writes. Unknown keys are ignored, and optional keys may be missing.
///
/// ```
/// use host_test::{json, retool::lifecycle::ProvisionOutcome};
///
/// let outcome: ProvisionOutcome = json::from_value("re-enabled".into()).unwrap();
/// assert_eq!(outcome, ProvisionOutcome::ReEnabled);
/// ```
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Named(value))
}

struct Named(Value);

impl<'de> IntoDeserializer<'de, Error> for Named {
    type Deserializer = Named;

    fn into_deserializer(self) -> Named {
        self
    }
}

impl<'de> Deserializer<'de> for Named {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Named));
                let list = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(list)
            }
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(key, value)| (key, Named(value)));
                let mut fields = MapDeserializer::new(fields);
                let record = visitor.visit_map(&mut fields)?;
                fields.end()?;
                Ok(record)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, payload) = match self.0 {
            Value::String(name) => (name, None),
            Value::Object(fields) if fields.len() == 1 => match fields.into_iter().next() {
                Some((name, payload)) => (name, Some(payload)),
                None => return Err(Error::custom("a variant has a name")),
            },
            _ => return Err(Error::custom("a variant is its name, or {its name: its value}")),
        };
        let variant = variants.iter().find(|variant| wit_name(variant) == name);
        let Some(variant) = variant else {
            let known: Vec<String> = variants.iter().map(|variant| wit_name(variant)).collect();
            return Err(Error::custom(format!("`{name}` is none of: {}", known.join(", "))));
        };
        visitor.visit_enum(Chosen { variant, payload })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A variant: its Rust name, and its value if it has one.
struct Chosen {
    variant: &'static str,
    payload: Option<Value>,
}

impl<'de> EnumAccess<'de> for Chosen {
    type Error = Error;
    type Variant = Chosen;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Chosen), Error> {
        let name: StrDeserializer<'_, Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl Chosen {
    fn payload(self) -> Result<Named, Error> {
        let Chosen { variant, payload } = self;
        let missing = || Error::custom(format!("`{}` needs a value", wit_name(variant)));
        payload.map(Named).ok_or_else(missing)
    }
}

impl<'de> VariantAccess<'de> for Chosen {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.payload {
            None => Ok(()),
            Some(_) => Err(Error::custom(format!("`{}` has no value", wit_name(self.variant)))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.payload()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.payload()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.payload()?.deserialize_any(visitor)
    }
}
