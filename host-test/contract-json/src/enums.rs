//! Enumerations and variants, by the WIT names of their cases.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use crate::name::wit_name;
use crate::place::Place;
use crate::raised::Raised;
use crate::read::{Keys, Seed};
use crate::records::refuse;

/// The visitor of a variant: a string for a case, or an object of a case and its payload.
pub(crate) struct Cases<'a, V> {
    pub(crate) visitor: V,
    pub(crate) place: &'a Place<'a>,
    pub(crate) keys: Keys,
    /// The names in the type: those of Rust, or those of the WIT.
    pub(crate) cases: &'static [&'static str],
}

impl<V> Cases<'_, V> {
    fn refused<E: Error>(&self) -> E {
        let names: Vec<String> = self.cases.iter().map(|case| wit_name(case)).collect();
        self.place.keep(Raised::here(format!("must be one of: {}", names.join(", "))))
    }

    /// Returns the name in the type for a WIT name.
    fn find<E: Error>(&self, name: &str) -> Result<&'static str, E> {
        let case = self.cases.iter().find(|case| wit_name(case) == name);
        case.copied().ok_or_else(|| self.refused())
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Cases<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a case")
    }

    refuse! {
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
        visit_unit();
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<V::Value, A::Error> {
        Err(self.refused())
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        let case = self.find(name)?;
        self.visitor.visit_enum(Bare(case)).map_err(|raised| self.place.keep(raised))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut inner: A) -> Result<V::Value, A::Error> {
        let name: Option<String> = inner.next_key()?;
        let case = self.find(name.as_deref().unwrap_or_default())?;
        let Cases { visitor, place, keys, .. } = self;
        let value = visitor
            .visit_enum(Carrying { case, inner: &mut inner, place, keys })
            .map_err(|raised| place.keep(raised))?;
        match inner.next_key::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(place.keep(Raised::here("must be an object of one key"))),
        }
    }
}

/// A case without a payload.
struct Bare(&'static str);

impl Bare {
    fn no_payload<T>(self) -> Result<T, Raised> {
        let name = wit_name(self.0);
        Err(Raised::here(format!("must be an object: `{name}` needs a value, {{\"{name}\": …}}")))
    }
}

impl<'de> EnumAccess<'de> for Bare {
    type Error = Raised;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Raised> {
        let name: StrDeserializer<'_, Raised> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Bare {
    type Error = Raised;

    fn unit_variant(self) -> Result<(), Raised> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Raised> {
        self.no_payload()
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Raised> {
        self.no_payload()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Raised> {
        self.no_payload()
    }
}

/// A case whose payload is the next value of an object.
struct Carrying<'a, A> {
    case: &'static str,
    inner: &'a mut A,
    place: &'a Place<'a>,
    keys: Keys,
}

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Carrying<'_, A> {
    type Error = Raised;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Raised> {
        let name: StrDeserializer<'_, Raised> = self.case.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Carrying<'_, A> {
    type Error = Raised;

    fn unit_variant(self) -> Result<(), Raised> {
        let name = wit_name(self.case);
        Err(Raised::here(format!("must be \"{name}\", which has no value")))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Raised> {
        let name = wit_name(self.case);
        let place = self.place.key(&name);
        let seed = Seed { seed, place: &place, keys: self.keys };
        self.inner.next_value_seed(seed).map_err(|error| place.raise(error))
    }

    // No case of the contract has several values.
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Raised> {
        Err(Raised::here("can't be read"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Raised> {
        Err(Raised::here("can't be read"))
    }
}
