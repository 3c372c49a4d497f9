//! Rosters as JSON.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::column::Column;
use crate::entry::{Entry, UserType, said};
use crate::extras::{Metadata, attribute_value, clear_of, object};
use crate::group::Named;
use crate::{MAX_PEOPLE, Roster, RosterError, Source, cut, excerpt, folded, too_many};

/// The maximum length of the JSON parser's messages, in characters: they repeat whole values.
const MAX_MESSAGE: usize = 300;

/// Everyone in the file.
struct People(Vec<Entry>);

/// One person in the file.
struct Row(Entry);

/// The name of a field. Case, spaces, `_` and `-` are ignored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Known(Column),
    Attributes,
    Metadata,
    Clear,
}

impl Field {
    /// The names of the fields that CSV does not have in this form.
    const MORE: &'static str = "attributes, metadata, clear";

    fn name(self) -> &'static str {
        match self {
            Field::Known(column) => column.name(),
            Field::Attributes => "attributes",
            Field::Metadata => "metadata",
            Field::Clear => "clear",
        }
    }

    fn of(name: &str) -> Option<Field> {
        match folded(name).as_str() {
            "attributes" => Some(Field::Attributes),
            "metadata" => Some(Field::Metadata),
            "clear" => Some(Field::Clear),
            _ => Column::of(name).map(Field::Known),
        }
    }
}

struct Address(String);

struct Seat(Option<UserType>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Field::of(&name).ok_or_else(|| {
            let known = Column::ALL.map(Column::name).join(", ");
            let name = excerpt(&name);
            let more = Field::MORE;
            de::Error::custom(format!("`{name}` is not a field; the fields are {known}, {more}"))
        })
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        said(&String::deserialize(deserializer)?)
            .map(Address)
            .ok_or_else(|| de::Error::custom("email: there is no address"))
    }
}

impl<'de> Deserialize<'de> for Seat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let seat = text.as_deref().and_then(said).map(|text| UserType::of(&text)).transpose();
        seat.map(Seat).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields).map(Row)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the fields of one person")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Entry, A::Error> {
        let mut entry = Entry::default();
        let mut seen = Vec::with_capacity(Column::ALL.len());
        while let Some(field) = fields.next_key::<Field>()? {
            if seen.contains(&field) {
                let name = field.name();
                return Err(de::Error::custom(format!("there is a second field `{name}`")));
            }
            seen.push(field);
            let column = match field {
                Field::Known(column) => column,
                Field::Attributes => {
                    let values = fields.next_value::<Option<Metadata>>()?.unwrap_or_default();
                    let values = values.into_iter();
                    entry.attributes = values
                        .filter_map(|(name, json)| Some((name, attribute_value(&json)?)))
                        .collect();
                    continue;
                }
                Field::Metadata => {
                    let values = fields.next_value::<Option<Metadata>>()?.unwrap_or_default();
                    entry.metadata = object(&values);
                    continue;
                }
                Field::Clear => {
                    let items = fields.next_value::<Option<Vec<Box<RawValue>>>>()?;
                    let items = items.unwrap_or_default();
                    let clear = items.iter().map(|item| clear_of(item)).collect::<Result<_, _>>();
                    entry.clear = clear.map_err(de::Error::custom)?;
                    continue;
                }
            };
            match column {
                Column::Email => entry.email = fields.next_value::<Address>()?.0,
                Column::FirstName => entry.first_name = text(&mut fields)?,
                Column::LastName => entry.last_name = text(&mut fields)?,
                Column::UserType => entry.user_type = fields.next_value::<Seat>()?.0,
                Column::Admin => entry.admin = fields.next_value()?,
                Column::Groups => {
                    let groups = fields.next_value::<Option<Vec<Named>>>()?.unwrap_or_default();
                    entry.groups = groups.into_iter().filter_map(|Named(group)| group).collect();
                }
                Column::FormerEmails => {
                    let former = fields.next_value::<Option<Vec<String>>>()?.unwrap_or_default();
                    entry.former_emails = former.iter().filter_map(|text| said(text)).collect();
                }
            }
        }
        if !seen.contains(&Field::Known(Column::Email)) {
            return Err(de::Error::custom("there is no field `email`"));
        }
        Ok(entry)
    }
}

fn text<'de, A: MapAccess<'de>>(fields: &mut A) -> Result<Option<String>, A::Error> {
    let text = fields.next_value::<Option<String>>()?;
    Ok(text.as_deref().and_then(said))
}

impl<'de> Deserialize<'de> for People {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Rows).map(People)
    }
}

struct Rows;

impl<'de> Visitor<'de> for Rows {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of people")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = Vec::new();
        while let Some(Row(entry)) = rows.next_element()? {
            if entries.len() == MAX_PEOPLE {
                return Err(de::Error::custom(too_many()));
            }
            entries.push(entry);
        }
        Ok(entries)
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Roster, RosterError> {
    let People(entries) = serde_json::from_slice(bytes).map_err(|error| {
        // The library has the place as numbers, but the message only together with it.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        let message = message.strip_suffix(&place).unwrap_or(&message);
        RosterError::new(error.line() as u64, error.column() as u64, cut(message, MAX_MESSAGE))
    })?;
    Ok(Roster { entries, lines: Vec::new(), source: Source::default() })
}

#[cfg(test)]
mod tests {
    use crate::{Clear, Entry, Format, Group, Options, Refusal, Roster, UserType, parse};

    fn json(text: &str) -> Result<Roster, Refusal> {
        parse(text.as_bytes(), Format::Json, &Options::default())
    }

    fn error(text: &str) -> String {
        json(text).expect_err("a refusal").to_string()
    }

    #[test]
    fn every_spelling_of_a_field_is_read() {
        let ada = Entry {
            email: "ada@example.com".to_owned(),
            first_name: Some("Ada".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            user_type: Some(UserType::EndUser),
            admin: Some(false),
            groups: vec![Group::new("Data; Science")],
            former_emails: vec!["ada.byron@example.com".to_owned(), "ada@x".to_owned()],
            ..Entry::default()
        };
        let roster = json(
            "\u{feff}[\r\n{\"email\": \" ada@example.com\", \"first_name\": \"Ada\",
              \"last_name\": \"Lovelace\", \"user_type\": \"end-user\", \"admin\": false,
              \"groups\": [\"Data; Science\"],
              \"former_emails\": [\" ada.byron@example.com\", \"ada@x\"]},
             {\"email\": \"ada@example.com\", \"firstName\": \"Ada\",
              \"lastName\": \"Lovelace\", \"userType\": \"endUser\", \"admin\": false,
              \"groups\": [\"Data; Science\"],
              \"formerEmails\": [\"ada.byron@example.com\", \"ada@x\", \" \"]},
             {\"E-Mail\": \"ada@example.com\", \"First name\": \"Ada\",
              \"LAST_NAME\": \"Lovelace\", \"user type\": \"End User\", \"Admin\": false,
              \"Groups\": [\"Data; Science\"],
              \"Former e-mails\": [\"ada.byron@example.com\", \"ada@x\"]}]",
        )
        .expect("a roster");
        assert_eq!(roster.entries, [ada.clone(), ada.clone(), ada]);
    }

    #[test]
    fn attributes_metadata_and_what_is_cleared_are_read() {
        let roster = json(
            r#"[{"email": "a@x", "attributes": {"team": "blue", "level": 3, "x": null, "y": " "},
                 "metadata": {"b": {"c": 16777217}, "a": null},
                 "clear": ["first_name", "Last-Name", "profilePhotoUrl", {"metadata_key": "old"},
                           {"attribute": "floor"}]},
                {"email": "b@x", "attributes": null, "metadata": {}, "clear": []}]"#,
        )
        .expect("a roster");
        let [a, b] = &roster.entries[..] else { panic!("{roster:?}") };
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(a.attributes, [value("level", "3"), value("team", "blue")]);
        assert_eq!(a.metadata.as_deref(), Some(r#"{"a":null,"b":{"c": 16777217}}"#));
        assert_eq!(
            a.clear,
            [
                Clear::FirstName,
                Clear::LastName,
                Clear::ProfilePhotoUrl,
                Clear::MetadataKey("old".to_owned()),
                Clear::Attribute("floor".to_owned()),
            ]
        );
        assert_eq!(*b, Entry { email: "b@x".to_owned(), ..Entry::default() });
        for wrong in [r#"["email"]"#, "[1]", r#"[{"a": "b", "c": "d"}]"#, r#"[{"group": "x"}]"#] {
            let error = error(&format!(r#"[{{"email": "a@x", "clear": {wrong}}}]"#));
            assert!(error.contains("can't be cleared"), "{error}");
        }
        assert!(error(r#"[{"email": "a@x", "metadata": [1]}]"#).starts_with("line 1, column "));
    }

    #[test]
    fn missing_null_and_empty_values_mean_none() {
        let roster = json(
            r#"[{"email": "a@x"},
                {"email": "a@x", "first_name": null, "user_type": null, "admin": null,
                 "groups": null, "former_emails": null},
                {"email": "a@x", "first_name": " ", "user_type": "", "groups": [""],
                 "former_emails": [""]}]"#,
        )
        .expect("a roster");
        assert_eq!(roster.entries[0].first_name, None);
        assert_eq!(roster.entries[1], roster.entries[0]);
        assert_eq!(roster.entries[2], roster.entries[0]);
    }

    #[test]
    fn an_error_names_line_and_column() {
        let unknown = error("[\n{\"email\": \"a@x\", \"phone\": \"1\"}\n]");
        assert!(
            unknown
                .starts_with("line 2, column 24: `phone` is not a field; the fields are email, "),
            "{unknown}"
        );
        let wrong_type = error("[\n\n{\"email\": \"a@x\",\n \"user_type\": \"boss\"}\n]");
        assert!(
            wrong_type.starts_with("line 4, column ")
                && wrong_type.contains("`boss` is not a user type"),
            "{wrong_type}"
        );
        for wrong in ["\"ada@x\"", "[1]", "[null]"] {
            let former = error(&format!("[\n{{\"email\": \"a@x\", \"former_emails\": {wrong}}}]"));
            assert!(former.starts_with("line 2, column "), "{former}");
        }
        let empty = error("[{\"email\": \"\"}]");
        assert!(
            empty.starts_with("line 1, column ") && empty.ends_with("there is no address"),
            "{empty}"
        );
        let no_email = error("[{\"admin\": true}]");
        assert!(no_email.contains("there is no field `email`"), "{no_email}");
        let broken = error("[{\"email\": \"a@x\"}");
        assert!(broken.starts_with("line 1, column 17: "), "{broken}");
    }

    #[test]
    fn a_field_cannot_be_given_twice() {
        let twice = error(r#"[{"email": "a@x", "firstName": "A", "first_name": "B"}]"#);
        assert!(twice.contains("there is a second field `first name`"), "{twice}");
    }
}
