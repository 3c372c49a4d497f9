//! A group of a person on a roster.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::entry::said;
use crate::folded;

/// A group that a person should be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name, trimmed and not empty.
    pub name: String,
    /// Whether they administer it; `None` if the roster does not say.
    pub admin: Option<bool>,
}

impl Group {
    /// Creates a group of which the roster says only the name.
    pub fn new(name: impl Into<String>) -> Group {
        Group { name: name.into(), admin: None }
    }

    /// Reads a name in a cell: with `*` at its end, the person administers the group. A name that
    /// itself ends in `*` is written with `\*` there. Returns `None` for a blank text, and fails
    /// without a name before the `*`.
    pub(crate) fn of_cell(text: &str) -> Result<Option<Group>, String> {
        let Some(text) = said(text) else { return Ok(None) };
        let (name, admin) = match text.strip_suffix('*') {
            Some(name) if !name.ends_with('\\') => (name.trim_end(), Some(true)),
            _ => (text.as_str(), None),
        };
        let name = match name.strip_suffix("\\*") {
            Some(start) => format!("{start}*"),
            None => name.to_owned(),
        };
        if name.is_empty() {
            return Err("there is no name of a group before the `*`".to_owned());
        }
        Ok(Some(Group { name, admin }))
    }
}

/// Splits a cell at the separators that have no `\` before them. A `\` before a separator is left
/// out, and the separator is a part of the name.
pub(crate) fn names(cell: &str, separator: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for piece in cell.split(separator) {
        match names.last_mut() {
            Some(name) if name.ends_with('\\') => {
                name.pop();
                name.push_str(separator);
                name.push_str(piece);
            }
            _ => names.push(piece.to_owned()),
        }
    }
    names
}

/// A group in JSON: a name, or an object with `name` and `admin`.
pub(crate) struct Named(pub(crate) Option<Group>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Groups).map(Named)
    }
}

struct Groups;

impl<'de> Visitor<'de> for Groups {
    type Value = Option<Group>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a group, or an object with `name` and `admin`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<Group>, E> {
        Ok(said(text).map(Group::new))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Option<Group>, A::Error> {
        let (mut name, mut admin) = (None, None);
        while let Some(field) = fields.next_key::<String>()? {
            match folded(&field).as_str() {
                "name" if name.is_none() => name = Some(fields.next_value::<String>()?),
                "admin" if admin.is_none() => admin = Some(fields.next_value::<Option<bool>>()?),
                "name" | "admin" => {
                    return Err(de::Error::custom("a field of a group is there twice"));
                }
                _ => return Err(de::Error::custom("a group has the fields `name` and `admin`")),
            }
        }
        match name.as_deref().and_then(said) {
            Some(name) => Ok(Some(Group { name, admin: admin.flatten() })),
            None => Err(de::Error::custom("a group has no `name`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Options, parse};

    #[test]
    fn a_star_after_a_name_in_a_cell_makes_an_administrator() {
        let group = |name: &str, admin| Ok(Some(Group { name: name.to_owned(), admin }));
        for (text, expected) in [
            ("Engineering", group("Engineering", None)),
            (" Engineering* ", group("Engineering", Some(true))),
            ("Data Science *", group("Data Science", Some(true))),
            (r"Stars\*", group("Stars*", None)),
            (r"Stars\**", group("Stars*", Some(true))),
            ("A*B", group("A*B", None)),
            (r"A\B", group(r"A\B", None)),
            ("  ", Ok(None)),
        ] {
            assert_eq!(Group::of_cell(text), expected, "{text}");
        }
        assert!(Group::of_cell("*").is_err());
    }

    #[test]
    fn a_separator_after_a_backslash_is_a_part_of_the_name() {
        for (cell, expected) in [
            ("A;B", &["A", "B"][..]),
            (r"A\;B; C", &["A;B", " C"]),
            (r"A\\;B", &[r"A\;B"]),
            (r"\;;\;\;", &[";", ";;"]),
            (r"A\ ; B\C", &[r"A\ ", r" B\C"]),
            ("", &[""]),
        ] {
            assert_eq!(names(cell, ";"), expected, "{cell}");
        }
    }

    #[test]
    fn an_object_says_whether_the_person_administers_the_group() {
        let groups = |json: &str| {
            let text = format!(r#"[{{"email": "a@x", "groups": [{json}]}}]"#);
            parse(text.as_bytes(), Format::Json, &Options::default())
                .map(|roster| roster.entries[0].groups.clone())
        };
        let group = |name: &str, admin| Group { name: name.to_owned(), admin };
        assert_eq!(
            groups(
                r#""Legal*", {"name": " Ops ", "admin": true}, {"Admin": false, "Name": "Hr"},
                   {"name": "It", "admin": null}, {"name": "Qa"}, """#
            ),
            Ok(vec![
                group("Legal*", None),
                group("Ops", Some(true)),
                group("Hr", Some(false)),
                group("It", None),
                group("Qa", None),
            ])
        );
        for wrong in [
            r#"{"admin": true}"#,
            r#"{"name": " "}"#,
            r#"{"name": "A", "owner": true}"#,
            r#"{"name": "A", "name": "B"}"#,
            r#"{"name": "A", "admin": "yes"}"#,
            "5",
            "null",
        ] {
            assert!(groups(wrong).is_err(), "{wrong}");
        }
    }
}
