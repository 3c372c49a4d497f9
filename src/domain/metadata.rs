//! The metadata of users: JSON values by key.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The metadata of a user. Each value is JSON as it was written. Most users have none, so an empty
/// one takes no memory of its own.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::box_collection, reason = "a listing holds one for each person, mostly empty")]
pub struct Metadata(Option<Box<BTreeMap<String, String>>>);

impl Metadata {
    /// Reads a JSON object; `None` if the text is not one. Of a duplicate key, the last value
    /// counts.
    pub fn parse(json: &str) -> Option<Self> {
        Some(entries(json)?.into_iter().collect())
    }

    /// Returns the value of a key, as JSON.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.as_ref()?.get(key).map(String::as_str)
    }

    /// Returns whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Iterates over keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|values| values.iter().map(|(key, json)| (&**key, &**json)))
    }

    /// Returns the metadata after changes. A change without a value removes its key.
    #[must_use]
    pub fn with(&self, changes: &Changes) -> Self {
        let mut values = self.0.clone().unwrap_or_default();
        for (key, json) in changes {
            match json {
                Some(json) => values.insert(key.clone(), json.clone()),
                None => values.remove(key),
            };
        }
        values.into_iter().collect()
    }

    /// Returns the metadata as a JSON object.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (at, (key, value)) in self.iter().enumerate() {
            json.push_str(if at == 0 { "" } else { "," });
            json.push_str(&Value::from(key).to_string());
            json.push(':');
            json.push_str(value);
        }
        json.push('}');
        json
    }
}

impl FromIterator<(String, String)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(values: I) -> Self {
        let values: BTreeMap<String, String> = values.into_iter().collect();
        Metadata((!values.is_empty()).then(|| Box::new(values)))
    }
}

/// Returns the keys and values of a JSON object, in its order; `None` if the text is not one. A key
/// may be there twice.
pub fn entries(json: &str) -> Option<Vec<(String, String)>> {
    struct Entries(Vec<(String, String)>);

    impl<'de> Deserialize<'de> for Entries {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct EntriesVisitor;

            impl<'de> Visitor<'de> for EntriesVisitor {
                type Value = Entries;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                    let mut entries = Vec::new();
                    while let Some((key, raw)) = map.next_entry::<String, &RawValue>()? {
                        entries.push((key, raw.get().into()));
                    }
                    Ok(Entries(entries))
                }
            }

            deserializer.deserialize_map(EntriesVisitor)
        }
    }

    serde_json::from_str(json).ok().map(|Entries(entries)| entries)
}

/// Returns whether a text is one JSON value.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Wanted values by name: of metadata as JSON, of user attributes as text. `None` removes one.
pub type Changes = BTreeMap<String, Option<String>>;

/// Returns whether two JSON texts mean the same value. Ignores white space, the order of keys and
/// the spelling of texts and numbers.
pub fn is_same_json(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other || canonical(one) == canonical(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Returns one spelling of a JSON value for all that mean the same. A value that is nested too
/// deeply keeps its spelling.
pub fn canonical(json: &str) -> Cow<'_, str> {
    match serde_json::from_str::<Value>(json) {
        Ok(mut value) => {
            whole_numbers(&mut value);
            Cow::Owned(value.to_string())
        }
        Err(_) => Cow::Borrowed(json),
    }
}

/// Spells whole numbers such as `1.0` without a fraction, as servers that store them do.
fn whole_numbers(value: &mut Value) {
    /// Larger numbers are not exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(float) = number.as_f64()
                && (-EXACT..EXACT).contains(&float)
                && float as i64 as f64 == float
            {
                *value = Value::from(float as i64);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(whole_numbers),
        Value::Object(values) => values.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Returns the value of a user attribute that the metadata shows as this JSON value: a text as it
/// is, anything else as JSON.
pub fn attribute_value(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.into())
}

/// Returns whether the metadata shows this value of a user attribute. An attribute may be stored as
/// a number or as JSON.
pub fn is_attribute(metadata: Option<&Metadata>, name: &str, value: Option<&str>) -> bool {
    let shown = metadata.and_then(|metadata| metadata.get(name)).filter(|json| *json != "null");
    match (shown, value) {
        (Some(json), Some(value)) => {
            let text = attribute_value(json);
            text == value || is_same_json(Some(&text), Some(value))
        }
        (shown, value) => shown.is_none() && value.is_none(),
    }
}

/// A user attribute that the organisation defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeDefinition {
    /// The name.
    pub name: String,
    /// The value of users who have none of their own.
    pub default: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_merged_by_key() {
        let before = Metadata::parse(r#"{"team":"blue","size":1.50,"old":null}"#).expect("valid");
        let changes = Changes::from([
            ("team".into(), Some(r#"{"a": 1}"#.into())),
            ("old".into(), None),
            ("n\"ew".into(), Some("true".into())),
        ]);
        let after = before.with(&changes);
        assert_eq!(after.to_json(), r#"{"n\"ew":true,"size":1.50,"team":{"a": 1}}"#);
        assert_eq!(after.get("team"), Some(r#"{"a": 1}"#));
        assert_eq!(Metadata::parse(&after.to_json()), Some(after));
        assert_eq!(Metadata::parse("{}"), Some(Metadata::default()));
        for other in ["[]", "null", "{", "{}x", ""] {
            assert_eq!(Metadata::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_spelling_of_json_does_not_matter() {
        let same = |one, other| is_same_json(Some(one), Some(other));
        assert!(same(r#"{"a":[1,2.0],"b":"é"}"#, r#"{ "b": "\u00e9", "a": [1.0, 2] }"#));
        assert!(same("16777217", "1.6777217e7"));
        assert!(!same("16777217", "16777216"));
        assert!(!same(r#""1""#, "1"));
        assert!(!same("[1,2]", "[2,1]"));
        assert!(is_same_json(None, None) && !is_same_json(Some("null"), None));
        let deep = "[".repeat(5000);
        assert_eq!(canonical(&deep), deep);
    }

    #[test]
    fn an_attribute_may_be_shown_as_text_number_or_json() {
        let metadata = Metadata::parse(r#"{"a":"blue","b":42,"c":{"x": 1},"d":null}"#);
        let is = |name, value| is_attribute(metadata.as_ref(), name, value);
        assert!(is("a", Some("blue")) && is("b", Some("42")) && is("c", Some(r#"{"x":1}"#)));
        assert!(is("d", None) && is("e", None) && is_attribute(None, "a", None));
        assert!(!is("a", Some("red")) && !is("a", None) && !is("e", Some("blue")));
    }
}
