//! Rosters: who shall be in Retool, from a CSV or JSON file.

mod csv;
mod json;

use std::fmt;
use std::path::Path;

use crate::retool::synchronization::RosterEntry;
use crate::retool::types::{GroupRef, UserType};

/// How a roster is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a line of headers: email, first name, last name, user type,
    /// admin, groups (separated by `;`).
    Csv,
    /// An array of objects: `email`, `first_name`, `last_name`, `user_type` (texts), `admin`
    /// (true or false), `groups` (an array of texts). The names are matched as headers are:
    /// `firstName` and `First name` are the same.
    Json,
}

impl Format {
    /// By the file's extension; where that says nothing, by whether the text starts as JSON
    /// does.
    pub fn of(path: &Path, bytes: &[u8]) -> Format {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) if extension.eq_ignore_ascii_case("csv") => return Format::Csv,
            Some(extension) if extension.eq_ignore_ascii_case("json") => return Format::Json,
            _ => {}
        }
        let first = without_mark(bytes).iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'[' | b'{') => Format::Json,
            _ => Format::Csv,
        }
    }
}

/// A roster as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// The people, in the file's order.
    pub entries: Vec<RosterEntry>,
    /// For each of them the line that they start on, from 1. Empty for JSON, where the lines
    /// are not kept.
    pub lines: Vec<u64>,
}

/// How the component's errors begin that name somebody of the roster by their number.
pub(crate) const ROSTER_FIELD: &str = "request.roster[";

impl Roster {
    /// The text with every `request.roster[3].first-name` replaced by `line 5, first name`, the
    /// place in the file; `person 4` where the lines are not kept.
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
            let (field, rest) = field_after(rest);
            if let Some(field) = field {
                located += &format!(", {}", field.replace('-', " "));
            }
            located += rest;
        }
        located
    }
}

/// `first-name` of `.first-name and more`, without a number in brackets, and what follows.
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

/// Why a file is no roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterError {
    /// The line, from 1; 0 where it concerns the whole file.
    pub line: u64,
    /// In CSV the number of the cell, in JSON the number of the byte in the line, from 1; 0
    /// where it concerns the whole line.
    pub column: u64,
    /// What is wrong.
    pub message: String,
}

impl RosterError {
    fn new(line: u64, column: u64, message: impl Into<String>) -> Self {
        RosterError { line, column, message: message.into() }
    }
}

impl fmt::Display for RosterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => {}
            (line, 0) => write!(f, "line {line}: ")?,
            (line, column) => write!(f, "line {line}, column {column}: ")?,
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for RosterError {}

/// Reads a roster. A byte-order mark and either kind of line end are accepted; what is empty
/// says nothing about the person.
///
/// Whether an address or a name is acceptable, and whether somebody is listed twice, is for
/// the component to say.
pub fn parse(bytes: &[u8], format: Format) -> Result<Roster, RosterError> {
    let bytes = without_mark(bytes);
    match format {
        Format::Csv => csv::parse(bytes),
        Format::Json => json::parse(bytes),
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Text that says something: `None` where it is blank.
fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Somebody of whom nothing has been said.
fn nobody() -> RosterEntry {
    RosterEntry {
        email: String::new(),
        first_name: None,
        last_name: None,
        user_type: None,
        admin: None,
        groups: Vec::new(),
    }
}

fn by_name(name: &str) -> Option<GroupRef> {
    said(name).map(GroupRef::Name)
}

/// A name with case, spaces, `_` and `-` left out of account.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

fn user_type(text: &str) -> Result<UserType, String> {
    match folded(text).as_str() {
        "default" => Ok(UserType::Default),
        "enduser" => Ok(UserType::EndUser),
        "mobile" => Ok(UserType::Mobile),
        "embed" => Ok(UserType::Embed),
        _ => Err(format!(
            "`{text}` is not a user type; they are default, end-user, mobile and embed"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_and_then_the_first_character() {
        let of = |path: &str, bytes: &[u8]| Format::of(Path::new(path), bytes);
        assert_eq!(of("people.CSV", b"[]"), Format::Csv);
        assert_eq!(of("people.json", b"email"), Format::Json);
        assert_eq!(of("people", b"\xef\xbb\xbf \n["), Format::Json);
        assert_eq!(of("people.txt", b"email,admin"), Format::Csv);
        assert_eq!(of("-", b""), Format::Csv);
    }

    #[test]
    fn people_of_a_roster_are_named_by_their_place_in_the_file() {
        let roster = Roster { entries: Vec::new(), lines: vec![2, 3, 7] };
        assert_eq!(
            roster.located("Twice, as request.roster[0] and request.roster[2]. Name all once."),
            "Twice, as line 2 and line 7. Name all once."
        );
        assert_eq!(roster.located("request.roster[1].user-type"), "line 3, user type");
        assert_eq!(roster.located("request.roster[1].groups[4] is bad"), "line 3, groups is bad");
        assert_eq!(roster.located("request.roster[9].email"), "person 10, email");
        assert_eq!(roster.located("request.roster[x] roster[1]"), "request.roster[x] roster[1]");
    }

    #[test]
    fn an_error_names_the_place_as_far_as_it_is_known() {
        let shown = |line, column| RosterError::new(line, column, "bad").to_string();
        assert_eq!(shown(3, 2), "line 3, column 2: bad");
        assert_eq!(shown(3, 0), "line 3: bad");
        assert_eq!(shown(0, 0), "bad");
    }
}
