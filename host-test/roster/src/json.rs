//! Rosters as JSON.

use serde::de::{Deserialize, DeserializeSeed};
use serde_json::value::RawValue;

use crate::bounded::{Attributes, Items, Keys, List, Object};
use crate::budget::{self, Budget};
use crate::column::Column;
use crate::entry::{Entry, UserType, said};
use crate::extras::{clear_of, object};
use crate::group::Named;
use crate::{Refusal, Roster, RosterError, Source, cut, excerpt, folded};

/// The maximum length of the JSON parser's messages, in characters: they repeat whole values.
const MAX_MESSAGE: usize = 300;

/// Reads a file as UTF-8 without a mark. Reports all mistakes in people; nothing is known of what
/// follows a mistake in JSON itself.
pub(crate) fn parse(bytes: &[u8], mut budget: Budget) -> Result<Roster, Refusal> {
    let Items(rows) = serde_json::from_slice::<Items<'_>>(bytes).map_err(|error| {
        RosterError::new(error.line() as u64, error.column() as u64, message_of(&error))
    })?;
    let mut refusal = Refusal::default();
    let mut places = Places { bytes, at: 0, line: 1, line_start: 0 };
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let mut mistakes = Vec::new();
        let entry = person(row, &budget, &mut mistakes);
        mistakes.sort_by_key(|(value, _)| value.get().as_ptr());
        for (value, message) in mistakes {
            let (line, column) = places.of(value);
            refusal.add(RosterError::new(line, column, message));
        }
        let Some(entry) = entry else { continue };
        if let Err(error) = budget.take(entry.size(), 0) {
            let (line, column) = places.of(row);
            refusal.add(RosterError { line, column, ..error });
            break;
        }
        entries.push(entry);
    }
    if refusal.errors.is_empty() {
        Ok(Roster { entries, lines: Vec::new(), source: Source::default() })
    } else {
        Err(refusal)
    }
}

/// Returns the message of the JSON parser without the place, which it has as numbers too.
fn message_of(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    cut(message.strip_suffix(&place).unwrap_or(&message), MAX_MESSAGE)
}

/// Finds the lines of values, which must come in the file's order.
struct Places<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    line_start: usize,
}

impl Places<'_> {
    /// Returns line and column of the first byte of a value, from 1.
    fn of(&mut self, value: &RawValue) -> (u64, u64) {
        let start = value.get().as_ptr() as usize - self.bytes.as_ptr() as usize;
        for (at, byte) in self.bytes.iter().enumerate().take(start).skip(self.at) {
            if *byte == b'\n' {
                self.line += 1;
                self.line_start = at + 1;
            }
        }
        self.at = start;
        (self.line, (start - self.line_start) as u64 + 1)
    }
}

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

    fn of(name: &str) -> Result<Field, String> {
        let field = match folded(name).as_str() {
            "attributes" => Some(Field::Attributes),
            "metadata" => Some(Field::Metadata),
            "clear" => Some(Field::Clear),
            _ => Column::of(name).map(Field::Known),
        };
        field.ok_or_else(|| {
            let known = Column::ALL.map(Column::name).join(", ");
            let more = Field::MORE;
            let name = excerpt(name);
            format!("`{name}` is not a field; the fields are {known}, {more}")
        })
    }
}

/// Reads a person. Returns `None` after a mistake; each is reported with the value that it is about.
fn person<'a>(
    row: &'a RawValue,
    budget: &Budget,
    mistakes: &mut Vec<(&'a RawValue, String)>,
) -> Option<Entry> {
    let fields = match serde_json::from_str::<Object<'_>>(row.get()) {
        Ok(Object(fields)) => fields,
        Err(error) => {
            mistakes.push((row, message_of(&error)));
            return None;
        }
    };
    let before = mistakes.len();
    let mut entry = Entry::default();
    let mut seen = Vec::with_capacity(Column::ALL.len());
    for (name, value) in fields {
        let read = Field::of(&name).and_then(|field| {
            let name = field.name();
            if seen.contains(&field) {
                return Err(format!("there is a second field `{name}`"));
            }
            seen.push(field);
            take(&mut entry, field, value, budget).map_err(|message| format!("{name}: {message}"))
        });
        if let Err(message) = read {
            mistakes.push((value, message));
        }
    }
    if !seen.contains(&Field::Known(Column::Email)) {
        mistakes.push((row, "there is no field `email`".to_owned()));
    }
    (mistakes.len() == before).then_some(entry)
}

/// Reads the value of a field; null is the same as no field.
fn take(entry: &mut Entry, field: Field, value: &RawValue, budget: &Budget) -> Result<(), String> {
    match field {
        Field::Attributes => {
            let Attributes(values) = optional(value)?.unwrap_or_default();
            entry.attributes = values.into_iter().collect();
        }
        Field::Metadata => {
            entry.metadata = object(&optional::<Keys>(value)?.unwrap_or_default().metadata);
        }
        Field::Clear => {
            let size = |item: &&RawValue| budget::text(item.get());
            let items = list(value, List { budget, size })?;
            entry.clear = items.iter().map(|item| clear_of(item)).collect::<Result<_, _>>()?;
        }
        Field::Known(column) => match column {
            Column::Email => entry.email = text(value)?.ok_or("there is no address")?,
            Column::FirstName => entry.first_name = text(value)?,
            Column::LastName => entry.last_name = text(value)?,
            Column::UserType => {
                entry.user_type = text(value)?.map(|text| UserType::of(&text)).transpose()?;
            }
            Column::Admin => entry.admin = optional(value)?,
            Column::Groups => {
                let size = |Named(group): &Named| {
                    budget::text(group.as_ref().map_or("", |group| &group.name))
                };
                let groups = list(value, List { budget, size })?;
                entry.groups = groups.into_iter().filter_map(|Named(group)| group).collect();
            }
            Column::FormerEmails => {
                let size = |text: &String| budget::text(text);
                let former = list(value, List { budget, size })?;
                entry.former_emails = former.iter().filter_map(|text| said(text)).collect();
            }
        },
    }
    Ok(())
}

fn optional<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Result<Option<T>, String> {
    serde_json::from_str(value.get()).map_err(|error| message_of(&error))
}

/// Reads a list; null is an empty one.
fn list<'a, T: Deserialize<'a>>(value: &'a RawValue, list: List<'_, T>) -> Result<Vec<T>, String> {
    if value.get() == "null" {
        return Ok(Vec::new());
    }
    let mut json = serde_json::Deserializer::from_str(value.get());
    list.deserialize(&mut json).map_err(|error| message_of(&error))
}

fn text(value: &RawValue) -> Result<Option<String>, String> {
    Ok(optional::<String>(value)?.as_deref().and_then(said))
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
        let long = format!(r#"[{{"attribute": "{}"}}]"#, "n".repeat(5000));
        let refused = error(&format!(r#"[{{"email": "a@x", "clear": {long}}}]"#));
        assert!(refused.contains("can't be cleared") && refused.len() < 500, "{refused}");
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
                .starts_with("line 2, column 27: `phone` is not a field; the fields are email, "),
            "{unknown}"
        );
        let wrong_type = error("[\n\n{\"email\": \"a@x\",\n \"user_type\": \"boss\"}\n]");
        assert!(
            wrong_type.starts_with("line 4, column ")
                && wrong_type.contains("user type: `boss` is not a user type"),
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
    fn all_mistakes_are_reported_in_the_order_of_the_file() {
        let error = error(
            "[{\"email\": \"a@x\", \"admin\": \"yes\", \"phone\": 1},\n 5,\n\
             \u{20}{\"user_type\": \"boss\",\n  \"groups\": [1]},\n {\"email\": \"b@x\"}]",
        );
        let starts: Vec<&str> = error
            .lines()
            .map(|line| line.split_once(", the").map_or(line, |(start, _)| start))
            .map(|line| line.split_once("; the").map_or(line, |(start, _)| start))
            .collect();
        assert_eq!(
            starts,
            [
                "line 1, column 28: admin: invalid type: string \"yes\", expected a boolean",
                "line 1, column 44: `phone` is not a field",
                "line 2, column 2: invalid type: integer `5`, expected an object with the fields of one \
                 person",
                "line 3, column 2: there is no field `email`",
                "line 3, column 16: user type: `boss` is not a user type",
                "line 4, column 13: groups: invalid type: integer `1`, expected the name of a group, or \
                 an object with `name` and `admin`",
            ]
        );
    }

    #[test]
    fn a_field_cannot_be_given_twice() {
        let twice = error(r#"[{"email": "a@x", "firstName": "A", "first_name": "B"}]"#);
        assert!(twice.contains("there is a second field `first name`"), "{twice}");
    }
}
