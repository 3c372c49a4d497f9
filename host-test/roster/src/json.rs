//! Rosters as JSON.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::csv::Column;
use crate::entry::{Entry, UserType, said};
use crate::{MAX_PEOPLE, Roster, RosterError, cut, excerpt, too_many};

/// The maximum length of the JSON parser's messages, in characters: they repeat whole values.
const MAX_MESSAGE: usize = 300;

/// Everyone in the file.
struct People(Vec<Entry>);

/// One person in the file.
struct Row(Entry);

/// The name of a field. Case, spaces, `_` and `-` are ignored.
struct Field(Column);

struct Address(String);

struct Seat(Option<UserType>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Column::of(&name).map(Field).ok_or_else(|| {
            let known = Column::ALL.map(Column::name).join(", ");
            let name = excerpt(&name);
            de::Error::custom(format!("`{name}` is not a field; the fields are {known}"))
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
        while let Some(Field(column)) = fields.next_key()? {
            if seen.contains(&column) {
                let name = column.name();
                return Err(de::Error::custom(format!("there is a second field `{name}`")));
            }
            seen.push(column);
            match column {
                Column::Email => entry.email = fields.next_value::<Address>()?.0,
                Column::FirstName => entry.first_name = text(&mut fields)?,
                Column::LastName => entry.last_name = text(&mut fields)?,
                Column::UserType => entry.user_type = fields.next_value::<Seat>()?.0,
                Column::Admin => entry.admin = fields.next_value()?,
                Column::Groups => {
                    let names = fields.next_value::<Option<Vec<String>>>()?.unwrap_or_default();
                    entry.groups = names.iter().filter_map(|name| said(name)).collect();
                }
            }
        }
        if !seen.contains(&Column::Email) {
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
    Ok(Roster { entries, lines: Vec::new() })
}

#[cfg(test)]
mod tests {
    use crate::{Entry, Format, Roster, RosterError, UserType, parse};

    fn json(text: &str) -> Result<Roster, RosterError> {
        parse(text.as_bytes(), Format::Json)
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
            groups: vec!["Data; Science".to_owned()],
        };
        let roster = json(
            "\u{feff}[\r\n{\"email\": \" ada@example.com\", \"first_name\": \"Ada\",
              \"last_name\": \"Lovelace\", \"user_type\": \"end-user\", \"admin\": false,
              \"groups\": [\"Data; Science\"]},
             {\"email\": \"ada@example.com\", \"firstName\": \"Ada\",
              \"lastName\": \"Lovelace\", \"userType\": \"endUser\", \"admin\": false,
              \"groups\": [\"Data; Science\"]},
             {\"E-Mail\": \"ada@example.com\", \"First name\": \"Ada\",
              \"LAST_NAME\": \"Lovelace\", \"user type\": \"End User\", \"Admin\": false,
              \"Groups\": [\"Data; Science\"]}]",
        )
        .expect("a roster");
        assert_eq!(roster.entries, [ada.clone(), ada.clone(), ada]);
    }

    #[test]
    fn missing_null_and_empty_values_mean_none() {
        let roster = json(
            r#"[{"email": "a@x"},
                {"email": "a@x", "first_name": null, "user_type": null, "admin": null, "groups": null},
                {"email": "a@x", "first_name": " ", "user_type": "", "groups": [""]}]"#,
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
