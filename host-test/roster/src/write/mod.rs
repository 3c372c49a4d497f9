//! Writes rosters.

mod csv;
mod json;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde_json::value::{RawValue, to_raw_value};

use crate::extras::{self, Metadata};
use crate::{Entry, Format, Options, UserType, parse};

/// Why a roster can't be written in a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable(String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unwritable {}

impl Unwritable {
    fn new(why: impl fmt::Display) -> Unwritable {
        Unwritable(why.to_string())
    }
}

/// Writes a roster that [`parse`] reads as the same people, with the default options. Texts must be
/// trimmed. Fails if the format can't say something: CSV has no list of what is cleared, no group
/// that a person is said not to administer, at most 1,000 columns and 64 KiB in a cell. The text is
/// read back before it is returned.
pub fn write(entries: &[Entry], format: Format) -> Result<String, Unwritable> {
    let text = match format {
        Format::Csv => csv::write(entries)?,
        Format::Json => json::write(entries)?,
        Format::Xlsx => {
            return Err(Unwritable::new(
                "workbooks are only read; write a file that ends in .csv or .json",
            ));
        }
    };
    let read = parse(text.as_bytes(), format, &Options::default()).map_err(Unwritable::new)?;
    let mut pairs = entries.iter().zip(&read.entries);
    if let Some((entry, _)) = pairs.find(|(entry, read)| normal(entry) != normal(read)) {
        let email = crate::excerpt(&entry.email);
        return Err(Unwritable(format!(
            "what is known of {email} can't be written in this format"
        )));
    }
    if entries.len() != read.entries.len() {
        return Err(Unwritable(format!(
            "of {} people, {} would be read back",
            entries.len(),
            read.entries.len()
        )));
    }
    Ok(text)
}

/// Returns an entry in the one form that entries with the same meaning have.
fn normal(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    entry.attributes.sort();
    let metadata = entry.metadata.as_deref().and_then(|json| metadata_of(json).ok());
    entry.metadata = metadata.as_ref().and_then(extras::object);
    entry
}

/// Reads metadata, a JSON object. Strings are written in one form.
fn metadata_of(json: &str) -> Result<Metadata, Unwritable> {
    let metadata: Metadata = serde_json::from_str(json).map_err(Unwritable::new)?;
    let value = |raw: Box<RawValue>| match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => to_raw_value(&text).unwrap_or(raw),
        Err(_) => raw,
    };
    Ok(metadata.into_iter().map(|(key, raw)| (key, value(raw))).collect())
}

fn user_type(user_type: UserType) -> &'static str {
    match user_type {
        UserType::Default => "default",
        UserType::EndUser => "end-user",
        UserType::Mobile => "mobile",
        UserType::Embed => "embed",
    }
}

/// Returns a person's attributes by name.
fn attributes(entry: &Entry) -> BTreeMap<&str, &str> {
    entry.attributes.iter().map(|(name, value)| (&**name, &**value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clear, Group};

    fn person(email: &str) -> Entry {
        Entry { email: email.to_owned(), ..Entry::default() }
    }

    fn group(name: &str, admin: Option<bool>) -> Group {
        Group { name: name.to_owned(), admin }
    }

    /// Everything that both formats can say, with awkward texts.
    fn awkward() -> Vec<Entry> {
        let names = [
            "Plain",
            "Semi;colon",
            ";",
            "Star*",
            "*",
            r"Back\slash",
            r"Ends in \",
            r"Escaped \;",
            r"Escaped \*",
            r"\",
            "Quote \"x\"",
            "Comma, too",
            "=SUM(A1)",
            "é",
            "a;*",
            "a*;",
        ];
        let plain = names.map(|name| group(name, None)).to_vec();
        let administered = names.map(|name| group(name, Some(true))).to_vec();
        vec![
            Entry {
                first_name: Some("Ada \"the\" first".to_owned()),
                last_name: Some("O'Brien, =1+1".to_owned()),
                user_type: Some(UserType::EndUser),
                admin: Some(true),
                groups: plain,
                former_emails: vec!["ada@x".to_owned(), "ada@y".to_owned()],
                attributes: vec![("team".to_owned(), "1".to_owned())],
                metadata: Some(
                    r#"{"n": 16777217, "s": "1", "t": "text", "blank": " ", "null": null,
                        "deep": {"a": ["\u00e9"]}, "a;b|c": true, "e\"": "\u0041", "status": "x"}"#
                        .to_owned(),
                ),
                ..person("ada@example.com")
            },
            Entry { admin: Some(false), groups: administered, ..person("bob@example.com") },
            person("cy@example.com"),
        ]
    }

    #[test]
    fn what_is_written_is_read_back_as_the_same_people() {
        for format in [Format::Csv, Format::Json] {
            for entries in [awkward(), Vec::new()] {
                let text = write(&entries, format).expect("a roster");
                let read = parse(text.as_bytes(), format, &Options::default()).expect("a roster");
                assert_eq!(
                    read.entries.iter().map(normal).collect::<Vec<_>>(),
                    entries.iter().map(normal).collect::<Vec<_>>(),
                    "{text}"
                );
                assert_eq!(read.source.system, None);
            }
        }
    }

    #[test]
    fn only_json_says_what_is_cleared_and_who_administers_no_group() {
        let entries = [Entry {
            clear: vec![
                Clear::FirstName,
                Clear::LastName,
                Clear::ProfilePhotoUrl,
                Clear::MetadataKey("a".to_owned()),
                Clear::Attribute("b".to_owned()),
            ],
            groups: vec![group("A", Some(false))],
            ..person("ada@x")
        }];
        write(&entries, Format::Json).expect("a roster");
        assert!(write(&entries, Format::Csv).is_err());
        let no_admin = [Entry { clear: Vec::new(), ..entries[0].clone() }];
        assert!(write(&no_admin, Format::Csv).is_err());
    }

    #[test]
    fn what_a_format_can_not_say_is_an_error() {
        let padded = [Entry { metadata: Some(r#"{" a": 1}"#.to_owned()), ..person("a@x") }];
        assert!(write(&padded, Format::Csv).is_err());
        write(&padded, Format::Json).expect("a roster");
        let groups = (0..10_000).map(|number| group(&format!("Group {number}"), None));
        let many = [Entry { groups: groups.collect(), ..person("a@x") }];
        let why = write(&many, Format::Csv).expect_err("a cell that is too large").to_string();
        assert!(why.contains("65536 are the most"), "{why}");
        write(&many, Format::Json).expect("a roster");
        let blank = [Entry { first_name: Some(" ".to_owned()), ..person("a@x") }];
        // One column for each key, in each row: it is refused before the rows are made.
        let keys: Vec<Entry> = (0..1000)
            .map(|at| Entry {
                metadata: Some(format!(r#"{{"key{at}": 1}}"#)),
                ..Entry { email: format!("p{at}@x.com"), ..Entry::default() }
            })
            .collect();
        let why = write(&keys, Format::Csv).expect_err("too many columns").to_string();
        assert_eq!(why, "it would have 1006 columns, and 1000 are the most");
        write(&keys[..994], Format::Csv).expect("as many as may be");
        write(&keys, Format::Json).expect("a roster");
        for format in [Format::Csv, Format::Json] {
            assert!(write(&blank, format).is_err());
        }
    }
}
