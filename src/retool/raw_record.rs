//! Records whose values are not decoded. They can be sent back unchanged, and compared to detect
//! whether a write lost a field.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::de::{Id, Text};
use crate::ser::to_json;

/// The depth to which values are compared by meaning. Deeper values are compared as text.
const DEPTH: u32 = 16;

/// A record with its values as they were written, in the order of the field names.
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct RawRecord<'a>(BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>);

impl<'a> RawRecord<'a> {
    /// Parses a record; `None` if it is not a JSON object. Of a duplicate field, the last value
    /// counts.
    pub fn parse(json: &'a str) -> Option<Self> {
        let fields: Fields<'a> = serde_json::from_str(json).ok()?;
        let fields = fields.into_iter().map(|(name, raw)| (name.into(), Cow::Borrowed(raw)));
        Some(RawRecord(fields.collect()))
    }

    /// Returns the value of a field, unless it is `null`.
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).map(|raw| &**raw).filter(|raw| !is_null(raw))
    }

    /// Returns the text of a field, if it is one.
    pub fn text(&self, name: &str) -> Option<String> {
        let text: Text<'_> = serde_json::from_str(self.get(name)?.get()).ok()?;
        Some(text.into_string())
    }

    /// Returns the text or the number of a field, if it is one.
    pub fn id(&self, name: &str) -> Option<String> {
        let id: Id<'_> = serde_json::from_str(self.get(name)?.get()).ok()?;
        Some(id.into_string())
    }

    /// Returns whether there is a field with this name, even if it is `null`.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the value of a field as JSON.
    pub fn nested(&self, name: &str) -> Option<String> {
        Some(self.get(name)?.get().into())
    }

    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes a field.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Keeps the fields for which `keep` returns `true`, given their name and their value as JSON.
    pub fn retain(&mut self, keep: impl Fn(&str, &str) -> bool) {
        self.0.retain(|name, raw| keep(name, raw.get()));
    }

    /// Sets a field to a text, if there is one.
    pub fn set_text(&mut self, name: &'a str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Sets a field to a flag, if there is one.
    pub fn set_flag(&mut self, name: &'a str, value: Option<bool>) {
        if let Some(value) = value {
            self.set(name, &value);
        }
    }

    /// Sets a field to `null`, if it `is_cleared`.
    pub fn set_null(&mut self, name: &'a str, is_cleared: bool) {
        if is_cleared {
            self.set(name, &());
        }
    }

    /// Sets a field to another record.
    pub fn set_record(&mut self, name: &'a str, value: &RawRecord<'_>) {
        self.set(name, value);
    }

    /// Sets a field to a value that is JSON.
    pub fn set_json(&mut self, name: &'a str, json: Box<RawValue>) {
        self.0.insert(Cow::Borrowed(name), Cow::Owned(json));
    }

    fn set(&mut self, name: &'a str, value: &(impl Serialize + ?Sized)) {
        let raw: Box<RawValue> = to_raw_value(value).expect("texts and flags are always JSON");
        self.0.insert(Cow::Borrowed(name), Cow::Owned(raw));
    }

    /// Encodes the record as JSON.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// Returns the first field that has a value in `self` and none in `after`: a write lost it.
    /// Fields in `but` are ignored.
    pub fn first_lost(&self, after: &RawRecord<'_>, but: &[&str]) -> Option<&str> {
        let is_lost = |(name, raw): &(&Cow<'_, str>, &Cow<'_, RawValue>)| {
            !is_null(raw) && !but.contains(&&***name) && after.get(name).is_none()
        };
        self.0.iter().find(is_lost).map(|(name, _)| &**name)
    }

    /// Returns the first field that has a value in a nested record of `self` and none in that of
    /// `after`.
    pub fn first_lost_inside(&self, after: &RawRecord<'_>) -> Option<String> {
        self.0.iter().find_map(|(name, raw)| {
            let before = RawRecord::parse(raw.get())?;
            let after = RawRecord::parse(after.get(name)?.get())?;
            before.first_lost(&after, &[]).map(String::from)
        })
    }

    /// Returns whether `other` has every field of `self`, with any value.
    pub fn is_covered_by(&self, other: &RawRecord<'_>) -> bool {
        self.0.keys().all(|name| other.0.contains_key(name))
    }

    /// Returns whether both have the same fields with the same values, except for those in `but`.
    pub fn is_same(&self, other: &RawRecord<'_>, but: &[&str]) -> bool {
        let keeps = |one: &RawRecord<'_>, other: &RawRecord<'_>| {
            one.0.keys().all(|name| but.contains(&&**name) || one.keeps(name, other))
        };
        keeps(self, other) && keeps(other, self)
    }

    /// Returns whether a field has the same value in both, or `self` has none.
    pub fn keeps(&self, field: &str, after: &RawRecord<'_>) -> bool {
        match (self.get(field), after.get(field)) {
            (None, _) => true,
            (Some(before), Some(after)) => is_same(before.get(), after.get(), DEPTH),
            (Some(_), None) => false,
        }
    }
}

/// The fields of a record, borrowed.
type Fields<'a> = BTreeMap<Text<'a>, &'a RawValue>;

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Returns whether two values are the same, ignoring white space and the order of fields.
fn is_same(a: &str, b: &str, depth: u32) -> bool {
    if a == b {
        return true;
    }
    if depth == 0 {
        return false;
    }
    match a.as_bytes().first() {
        Some(b'{') => parse_both::<Fields<'_>>(a, b).is_some_and(|(a, b)| {
            a.len() == b.len()
                && a.iter().zip(&b).all(|((name, a), (other, b))| {
                    name == other && is_same(a.get(), b.get(), depth - 1)
                })
        }),
        Some(b'[') => parse_both::<Vec<&RawValue>>(a, b).is_some_and(|(a, b)| {
            a.len() == b.len()
                && a.iter().zip(&b).all(|(a, b)| is_same(a.get(), b.get(), depth - 1))
        }),
        // The same text can be escaped in several ways.
        Some(b'"') => parse_both::<Text<'_>>(a, b).is_some_and(|(a, b)| a == b),
        _ => false,
    }
}

/// Reads two values of one type; `None` if one of them has another type.
fn parse_both<'a, T: Deserialize<'a>>(a: &'a str, b: &'a str) -> Option<(T, T)> {
    Some((serde_json::from_str(a).ok()?, serde_json::from_str(b).ok()?))
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::format;

    use super::*;

    fn record(json: &str) -> RawRecord<'_> {
        RawRecord::parse(json).expect("an object")
    }

    #[test]
    fn a_lost_field_is_named_unless_it_is_ignored() {
        let before = record(r#"{"a":1,"b":null,"c":"x"}"#);
        let lost = |after: &str| before.first_lost(&record(after), &["a"]).map(str::to_owned);
        assert_eq!(lost(r#"{"c":"y"}"#), None);
        assert_eq!(lost(r#"{"a":1,"c":null}"#).as_deref(), Some("c"));
        assert_eq!(lost("{}").as_deref(), Some("c"));
    }

    #[test]
    fn values_in_another_order_or_spelling_are_the_same() {
        let before = record(r#"{"m":{"a":[1,{"x":"é"}],"b":{},"n":16777217}}"#);
        let keeps = |after: &str| before.keeps("m", &record(after));
        assert!(keeps(r#"{"m":{"a":[1,{"x":"é"}],"b":{},"n":16777217}}"#));
        assert!(keeps(r#"{"m": {"n": 16777217, "b": { }, "a": [1, {"x": "\u00e9"}]}}"#));
        for after in [
            r#"{"m":{"a":[1,{"x":"é"}],"b":{},"n":16777216}}"#,
            r#"{"m":{"a":[1,{"x":"e"}],"b":{},"n":16777217}}"#,
            r#"{"m":{"a":[{"x":"é"},1],"b":{},"n":16777217}}"#,
            r#"{"m":{"a":[1,{"x":"é"},2],"b":{},"n":16777217}}"#,
            r#"{"m":{"a":[1,{"x":"é"}],"n":16777217}}"#,
            r#"{"m":{"a":[1,{"x":"é"}],"b":{},"n":16777217,"z":1}}"#,
            r#"{"m":{"a":[1,{"x":"é"}],"b":[],"n":16777217}}"#,
            r#"{"m":[]}"#,
            r#"{"m":null}"#,
            "{}",
        ] {
            assert!(!keeps(after), "{after}");
        }
        assert!(before.keeps("other", &record("{}")), "a field without a value can't be lost");
    }

    #[test]
    fn deep_values_are_compared_in_bounded_depth() {
        let deep = |space: &str| {
            let (open, close) = ("[".repeat(5000), "]".repeat(5000));
            format!(r#"{{"m":{open}{space}{close}}}"#)
        };
        let (plain, spaced) = (deep(""), deep(" "));
        assert!(record(&plain).keeps("m", &record(&plain)));
        assert!(!record(&plain).keeps("m", &record(&spaced)));
    }

    #[test]
    fn a_record_is_unchanged_except_for_removed_fields() {
        let mut fields = record(r#"{"b":1.10,"link":"x","a":{"z":1, "y":2},"\u0061b":null}"#);
        fields.remove("b");
        fields.remove("other");
        assert_eq!(fields.to_json(), r#"{"a":{"z":1, "y":2},"ab":null,"link":"x"}"#);
        assert!(RawRecord::parse("[]").is_none());
    }

    #[test]
    fn setting_a_field_replaces_its_value() {
        let mut fields = record(r#"{"b":1,"a":"x"}"#);
        fields.set_text("a", Some("y\n"));
        fields.set_text("b", None);
        fields.set_flag("c", Some(true));
        assert_eq!(fields.to_json(), r#"{"a":"y\n","b":1,"c":true}"#);
        assert!(record(r#"{"c":null}"#).is_covered_by(&fields));
        assert!(!fields.is_covered_by(&record(r#"{"a":1,"b":1}"#)));
    }

    #[test]
    fn the_last_value_of_a_duplicate_field_counts() {
        assert_eq!(record(r#"{"b":1,"a":2,"b":3,"a":null}"#).to_json(), r#"{"a":null,"b":3}"#);
    }
}
