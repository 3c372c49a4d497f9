//! Rosters in the contract's types. The package `roster` parses the files.

pub use ::roster::{Format, MAX_BYTES, Options, Refusal, RosterError, Source};

use host_test::requests;
use host_test::retool::synchronization::RosterEntry;
use host_test::retool::types::{Attribute, ClearableField, GroupRef, Membership, UserType};

/// A parsed roster.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// The people, in the file's order.
    pub entries: Vec<RosterEntry>,
    /// The first line of each entry, from 1. Empty for JSON, where lines are not tracked.
    pub lines: Vec<u64>,
    /// How the file was read.
    pub source: Source,
}

/// Parses a roster with [`::roster::parse`].
pub fn parse(bytes: &[u8], format: Format, options: &Options) -> Result<Roster, Refusal> {
    let ::roster::Roster { entries, lines, source } = ::roster::parse(bytes, format, options)?;
    Ok(Roster { entries: entries.into_iter().map(entry).collect(), lines, source })
}

fn entry(entry: ::roster::Entry) -> RosterEntry {
    let ::roster::Entry {
        email,
        first_name,
        last_name,
        user_type,
        admin,
        groups,
        former_emails,
        attributes,
        metadata,
        clear,
    } = entry;
    let user_type = user_type.map(|user_type| match user_type {
        ::roster::UserType::Default => UserType::Default,
        ::roster::UserType::EndUser => UserType::EndUser,
        ::roster::UserType::Mobile => UserType::Mobile,
        ::roster::UserType::Embed => UserType::Embed,
    });
    let membership = |::roster::Group { name, admin }| Membership {
        group_admin: admin,
        ..requests::membership(GroupRef::Name(name))
    };
    let groups = groups.into_iter().map(membership).collect();
    let attributes = attributes.into_iter();
    RosterEntry {
        first_name,
        last_name,
        user_type,
        admin,
        groups,
        former_emails,
        attributes: attributes.map(|(name, value)| Attribute { name, value }).collect(),
        metadata,
        clear: clear.into_iter().map(cleared).collect(),
        ..requests::roster_entry(email)
    }
}

fn cleared(clear: ::roster::Clear) -> ClearableField {
    match clear {
        ::roster::Clear::FirstName => ClearableField::FirstName,
        ::roster::Clear::LastName => ClearableField::LastName,
        ::roster::Clear::ProfilePhotoUrl => ClearableField::ProfilePhotoUrl,
        ::roster::Clear::MetadataKey(key) => ClearableField::MetadataKey(key),
        ::roster::Clear::Attribute(name) => ClearableField::Attribute(name),
    }
}

/// How the component's errors refer to a roster entry by its number.
pub(crate) const ROSTER_FIELD: &str = "request.roster[";

impl Roster {
    /// Replaces every `request.roster[3].first-name` in the text with the place in the file, e.g.
    /// `line 5, first name`; with `person 4, first name` if lines are not tracked.
    pub(crate) fn located(&self, text: &str) -> String {
        let mut pieces = text.split(ROSTER_FIELD);
        let mut located = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let found = piece
                .split_once(']')
                .and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest)));
            let Some((number, rest)) = found else {
                located += ROSTER_FIELD;
                located += piece;
                continue;
            };
            located += &match self.lines.get(number) {
                Some(line) => format!("line {line}"),
                None => format!("person {}", number.saturating_add(1)),
            };
            // The reference to the person contains the address as `.user.email`.
            let rest =
                rest.strip_prefix(".user").filter(|rest| rest.starts_with('.')).unwrap_or(rest);
            let (field, rest) = field_after(rest);
            if let Some(field) = field {
                located += &format!(", {}", field.replace('-', " "));
            }
            located += rest;
        }
        located
    }
}

/// Splits a field's name from a text, e.g. `first-name` from `.first-name and more`. Returns the
/// rest too, without a number in brackets directly after the field.
fn field_after(text: &str) -> (Option<&str>, &str) {
    let name = text.strip_prefix('.').map(|name| {
        let end = name.find(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
        name.split_at(end.unwrap_or(name.len()))
    });
    match name {
        None | Some(("", _)) => (None, text),
        Some((field, rest)) => {
            let number = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            (Some(field), number.map_or(rest, |(_, rest)| rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_csv_file_is_parsed_into_roster_entries() {
        let file = "email,first name,last name,user type,admin,groups,former emails\n\
                    ada@x,Ada,Lovelace,default,yes,A;B,ada.byron@x; king@x\n\
                    b@x,,,end-user,,,\nc@x,,,mobile,,,\nd@x,,,embed,no,,\n";
        let roster = parse(file.as_bytes(), Format::Csv, &Options::default()).expect("a roster");
        let ada = RosterEntry {
            first_name: Some("Ada".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            user_type: Some(UserType::Default),
            admin: Some(true),
            groups: ["A", "B"]
                .map(|name| requests::membership(GroupRef::Name(name.to_owned())))
                .to_vec(),
            former_emails: vec!["ada.byron@x".to_owned(), "king@x".to_owned()],
            ..requests::roster_entry("ada@x")
        };
        assert_eq!(roster.entries[0], ada);
        let user_types: Vec<_> = roster.entries.iter().map(|entry| entry.user_type).collect();
        let all = [UserType::Default, UserType::EndUser, UserType::Mobile, UserType::Embed];
        assert_eq!(user_types, all.map(Some));
        assert_eq!(roster.entries[3].admin, Some(false));
        assert_eq!(roster.lines, [2, 3, 4, 5]);
    }

    #[test]
    fn attributes_metadata_and_what_is_cleared_reach_the_entry() {
        let file = r#"[{"email": "a@x", "attributes": {"team": "blue"}, "metadata": {"a": 1},
                        "clear": ["last_name", {"metadata_key": "b"}, {"attribute": "c"}]}]"#;
        let roster = parse(file.as_bytes(), Format::Json, &Options::default()).expect("a roster");
        let expected = RosterEntry {
            attributes: vec![Attribute { name: "team".to_owned(), value: "blue".to_owned() }],
            metadata: Some(r#"{"a":1}"#.to_owned()),
            clear: vec![
                ClearableField::LastName,
                ClearableField::MetadataKey("b".to_owned()),
                ClearableField::Attribute("c".to_owned()),
            ],
            ..requests::roster_entry("a@x")
        };
        assert_eq!(roster.entries, [expected]);
    }

    #[test]
    fn roster_entries_in_errors_are_replaced_by_their_place_in_the_file() {
        let roster =
            Roster { entries: Vec::new(), lines: vec![2, 3, 7], source: Source::default() };
        assert_eq!(
            roster.located("Twice, as request.roster[0] and request.roster[2]. Name all once."),
            "Twice, as line 2 and line 7. Name all once."
        );
        assert_eq!(roster.located("request.roster[1].user-type"), "line 3, user type");
        assert_eq!(roster.located("request.roster[1].groups[4] is bad"), "line 3, groups is bad");
        assert_eq!(
            roster.located("request.roster[2].former-emails[1] is bad"),
            "line 7, former emails is bad"
        );
        assert_eq!(roster.located("request.roster[9].user.email"), "person 10, email");
        assert_eq!(roster.located("request.roster[0].user is bad"), "line 2, user is bad");
        assert_eq!(roster.located("request.roster[9].email"), "person 10, email");
        assert_eq!(roster.located("request.roster[x] roster[1]"), "request.roster[x] roster[1]");
    }
}
