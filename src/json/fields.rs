//! Records with their values unread: to send them back as they came, and to see whether a write
//! lost anything of them.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use super::read::{Record, Slot, read, read_record};
use super::told::{List, Text, Told};
use super::write::{Object, quoted};

/// How deep two values are compared by what they mean, and below that by how they are written.
const DEPTH: u32 = 16;

/// A record with its values as they are written, in the order of the fields' names.
#[derive(Clone, Default)]
pub struct Fields<'a>(Vec<(String, Text<'a>)>);

impl<'de> Record<'de> for Fields<'de> {
    fn field(&mut self, name: &str) -> Slot<'_, 'de> {
        let (_, value) = self.0.push_mut((name.to_owned(), Told::Nothing));
        Slot::Raw(value)
    }
}

impl<'a> Fields<'a> {
    /// Reads a record; `None` if it is not a JSON object. Of a field that stands twice, the last
    /// one counts.
    pub fn parse(json: &'a [u8]) -> Option<Self> {
        let Fields(mut fields) = read_record(json).ok()?;
        fields.reverse();
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        fields.dedup_by(|(later, _), (first, _)| later == first);
        Some(Fields(fields))
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }

    /// What stands in a field, if that is not `null`.
    fn get(&self, name: &str) -> Option<&str> {
        let at = self.place(name).ok()?;
        self.0[at].1.get().map(|raw| &**raw)
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) {
        if let Ok(at) = self.place(name) {
            self.0.remove(at);
        }
    }

    fn set(&mut self, name: &str, json: Cow<'a, str>) {
        let value = Told::Value(json);
        match self.place(name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name.to_owned(), value)),
        }
    }

    /// Sets a field to a text, if there is one.
    pub fn set_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, Cow::Owned(quoted(value)));
        }
    }

    /// Sets a field to a flag, if there is one.
    pub fn set_flag(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.set(name, Cow::Borrowed(if value { "true" } else { "false" }));
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        let mut object = Object::default();
        for (name, value) in &self.0 {
            object = object.raw(name, value.get().map_or("null", |raw| raw));
        }
        object.into_json()
    }

    /// The first field that `self` has a value for and `after` has none: lost by a write. What
    /// one of `but` names is not looked at.
    pub fn first_lost(&self, after: &Fields<'_>, but: &[&str]) -> Option<&str> {
        let is_lost = |(name, value): &&(String, Text<'_>)| {
            value.is_value() && !but.contains(&name.as_str()) && after.get(name).is_none()
        };
        self.0.iter().find(is_lost).map(|(name, _)| name.as_str())
    }

    /// Whether every field of `self` is there too, with whatever value.
    pub fn is_covered_by(&self, other: &Fields<'_>) -> bool {
        self.0.iter().all(|(name, _)| other.place(name).is_ok())
    }

    /// Whether a field has the same value in both, or `self` has none.
    pub fn keeps(&self, field: &str, after: &Fields<'_>) -> bool {
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
    let is_same = |a: &Text<'_>, b: &Text<'_>| match (a.get(), b.get()) {
        (Some(a), Some(b)) => is_same(a, b, depth - 1),
        (None, None) => true,
        _ => false,
    };
    match a.as_bytes().first() {
        Some(b'{') => {
            let parsed = (Fields::parse(a.as_bytes()), Fields::parse(b.as_bytes()));
            let (Some(Fields(a)), Some(Fields(b))) = parsed else {
                return false;
            };
            let pairs = a.iter().zip(&b);
            a.len() == b.len() && { pairs }
                .all(|((name, a), (other, b))| name == other && is_same(a, b))
        }
        Some(b'[') => {
            let (Some(a), Some(b)) = (items(a), items(b)) else { return false };
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| is_same(a, b))
        }
        // Escapes can be written in several ways.
        Some(b'"') => text(a).is_some_and(|a| text(b).is_some_and(|b| a == b)),
        _ => false,
    }
}

fn items(json: &str) -> Option<Vec<Text<'_>>> {
    let mut list = List::default();
    read(json.as_bytes(), list.slot()).ok()?;
    list.value()
}

fn text(json: &str) -> Option<Cow<'_, str>> {
    let mut text = Told::Nothing;
    read(json.as_bytes(), Slot::Text(&mut text)).ok()?;
    text.value()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn record(json: &str) -> Fields<'_> {
        Fields::parse(json.as_bytes()).expect("an object")
    }

    #[test]
    fn a_lost_field_is_named_unless_it_is_not_looked_at() {
        let before = record(r#"{"a":1,"b":null,"c":"x"}"#);
        let lost = |after: &str| before.first_lost(&record(after), &["a"]).map(str::to_owned);
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
            format!(r#"{{"m":{open}{space}{close}}}"#)
        };
        let (plain, spaced) = (deep(""), deep(" "));
        assert!(record(&plain).keeps("m", &record(&plain)));
        assert!(!record(&plain).keeps("m", &record(&spaced)));
    }

    #[test]
    fn a_record_is_shown_as_it_was_without_what_is_taken_out() {
        let mut fields = record(r#"{"b":1.10,"link":"x","a":{"z":1, "y":2},"\u0061b":null}"#);
        fields.remove("b");
        fields.remove("other");
        assert_eq!(fields.to_json(), r#"{"a":{"z":1, "y":2},"ab":null,"link":"x"}"#);
        assert!(Fields::parse(b"[]").is_none());
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_was_there() {
        let mut fields = record(r#"{"b":1,"a":"x"}"#);
        fields.set_text("a", Some("y\n"));
        fields.set_text("b", None);
        fields.set_flag("c", Some(true));
        assert_eq!(fields.to_json(), r#"{"a":"y\n","b":1,"c":true}"#);
        assert!(record(r#"{"c":null}"#).is_covered_by(&fields));
        assert!(!fields.is_covered_by(&record(r#"{"a":1,"b":1}"#)));
    }

    #[test]
    fn of_a_field_that_stands_twice_the_last_one_counts() {
        assert_eq!(record(r#"{"b":1,"a":2,"b":3,"a":null}"#).to_json(), r#"{"a":null,"b":3}"#);
    }
}
