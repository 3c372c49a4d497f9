//! Records with their values unread, to see whether a write lost anything of them.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// How deep two values are compared by what they mean, and below that by how they are written.
const DEPTH: u32 = 16;

/// A record with its values unread.
pub struct Record(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Record)
    }
}

impl Record {
    /// Reads a record; `None` if it is not a JSON object.
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The fields that have a value.
    fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter().map(|(name, raw)| (name.as_str(), raw.get()));
        fields.filter(|(_, raw)| *raw != "null")
    }

    fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|raw| raw.get()).filter(|raw| *raw != "null")
    }

    /// The first field that `self` has a value for and `after` has none: lost by a write. What
    /// one of `but` names is not looked at.
    pub fn first_lost<'a>(&'a self, after: &Record, but: &[&str]) -> Option<&'a str> {
        self.fields()
            .map(|(name, _)| name)
            .find(|name| !but.contains(name) && after.get(name).is_none())
    }

    /// Whether a field has the same value in both, or `self` has none.
    pub fn keeps(&self, field: &str, after: &Record) -> bool {
        match (self.get(field), after.get(field)) {
            (None, _) => true,
            (Some(before), Some(after)) => is_same(before, after, DEPTH),
            (Some(_), None) => false,
        }
    }
}

/// Whether two values are the same but for white space and the order of fields.
fn is_same(a: &str, b: &str, depth: u32) -> bool {
    if a == b {
        return true;
    }
    if depth == 0 {
        return false;
    }
    let is_same = |a: &RawValue, b: &RawValue| is_same(a.get(), b.get(), depth - 1);
    match a.as_bytes().first() {
        Some(b'{') => {
            let (Some(Record(a)), Some(Record(b))) = (Record::parse(a), Record::parse(b)) else {
                return false;
            };
            a.len() == b.len()
                && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_same(a, b)))
        }
        Some(b'[') => {
            let items = serde_json::from_str::<Vec<Box<RawValue>>>;
            let (Ok(a), Ok(b)) = (items(a), items(b)) else { return false };
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| is_same(a, b))
        }
        // Escapes can be written in several ways.
        Some(b'"') => {
            let text = serde_json::from_str::<String>;
            text(a).is_ok_and(|a| text(b).is_ok_and(|b| a == b))
        }
        _ => false,
    }
}

/// A record without some of its fields; `None` if it is not a JSON object.
pub fn without(json: &str, fields: &[&str]) -> Option<String> {
    let Record(mut record) = Record::parse(json)?;
    for field in fields {
        record.remove(*field);
    }
    serde_json::to_string(&record).ok()
}

/// A field of a record as messages name it: the name is the server's, and only a plain one is
/// repeated.
pub fn named(field: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if field.len() <= 40 && field.bytes().all(is_plain) {
        let mut name = String::from("the field ");
        name.push_str(field);
        name
    } else {
        "a field of an odd name".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> Record {
        Record::parse(json).expect("an object")
    }

    #[test]
    fn a_lost_field_is_named_unless_it_is_not_looked_at() {
        let before = record(r#"{"a":1,"b":null,"c":"x"}"#);
        let lost = |after: &str| before.first_lost(&record(after), &["a"]).map(ToOwned::to_owned);
        assert_eq!(lost(r#"{"c":"y"}"#), None);
        assert_eq!(lost(r#"{"a":1,"c":null}"#).as_deref(), Some("c"));
        assert_eq!(lost("{}").as_deref(), Some("c"));
    }

    #[test]
    fn values_are_kept_in_whatever_order_and_spelling() {
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
        assert!(before.keeps("other", &record("{}")), "what was not there can't be lost");
    }

    #[test]
    fn deep_values_are_compared_in_bounded_depth() {
        let deep = |space: &str| {
            let (open, close) = ("[".repeat(5000), "]".repeat(5000));
            alloc::format!(r#"{{"m":{open}{space}{close}}}"#)
        };
        assert!(record(&deep("")).keeps("m", &record(&deep(""))));
        assert!(!record(&deep("")).keeps("m", &record(&deep(" "))));
    }

    #[test]
    fn a_record_is_shown_without_what_is_secret() {
        let shown = without(r#"{"b":1.10,"invite_link":"https://x","a":{"z":1, "y":2}}"#, &["b"]);
        assert_eq!(shown.as_deref(), Some(r#"{"a":{"z":1, "y":2},"invite_link":"https://x"}"#));
        assert_eq!(without("[]", &["b"]), None);
    }
}
