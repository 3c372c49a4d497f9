//! Rosters: who shall be in Retool, from a CSV or JSON file.
//!
//! Reading is bounded: a file, the people in it, and what an error repeats of it have their
//! most. No file makes it panic.

#![deny(missing_docs)]

mod csv;
mod entry;
mod json;

use std::fmt;
use std::path::Path;

pub use entry::{Entry, UserType};

/// The largest file in bytes: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// The most people on one roster; more than any organisation has.
pub const MAX_PEOPLE: usize = 250_000;

/// The most characters of a cell or a name that an error repeats.
const MAX_EXCERPT: usize = 64;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The people, in the file's order; at most [`MAX_PEOPLE`].
    pub entries: Vec<Entry>,
    /// For each of them the line that they start on, from 1. Empty for JSON, where the lines
    /// are not kept.
    pub lines: Vec<u64>,
}

/// Why a file is no roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterError {
    /// The line, from 1; 0 where it concerns the whole file.
    pub line: u64,
    /// In CSV the number of the cell, in JSON the number of the byte in the line, from 1; 0
    /// where it concerns the whole line.
    pub column: u64,
    /// What is wrong. Of the file it repeats a short piece at most.
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
/// says nothing about the person. Fails for a file of more than [`MAX_BYTES`] or with more than
/// [`MAX_PEOPLE`].
///
/// Whether an address or a name is acceptable, and whether somebody is listed twice, is for
/// the component to say.
pub fn parse(bytes: &[u8], format: Format) -> Result<Roster, RosterError> {
    if bytes.len() > MAX_BYTES {
        let (length, most) = (bytes.len(), MAX_BYTES);
        let message = format!("the file has {length} bytes, and a roster has {most} at most");
        return Err(RosterError::new(0, 0, message));
    }
    let bytes = without_mark(bytes);
    match format {
        Format::Csv => csv::parse(bytes),
        Format::Json => json::parse(bytes),
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Why a roster is refused that has more than [`MAX_PEOPLE`].
fn too_many() -> String {
    format!("there are more than {MAX_PEOPLE} people")
}

/// As much of a text as an error repeats.
fn excerpt(text: &str) -> String {
    cut(text, MAX_EXCERPT)
}

/// The text, or its first characters and an ellipsis.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A name with case, spaces, `_` and `-` left out of account.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
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
    fn an_error_names_the_place_as_far_as_it_is_known() {
        let shown = |line, column| RosterError::new(line, column, "bad").to_string();
        assert_eq!(shown(3, 2), "line 3, column 2: bad");
        assert_eq!(shown(3, 0), "line 3: bad");
        assert_eq!(shown(0, 0), "bad");
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        for format in [Format::Csv, Format::Json] {
            let error = parse(&vec![b' '; MAX_BYTES + 1], format).expect_err("a refusal");
            assert_eq!(
                error.to_string(),
                "the file has 67108865 bytes, and a roster has 67108864 at most"
            );
        }
    }

    #[test]
    fn a_roster_has_its_most_people_and_not_one_more() {
        let csv =
            |people: usize| parse(&[b"email\n", &*b"a\n".repeat(people)].concat(), Format::Csv);
        assert_eq!(csv(MAX_PEOPLE).expect("a roster").entries.len(), MAX_PEOPLE);
        let refusal = csv(MAX_PEOPLE + 1).expect_err("a refusal").to_string();
        assert_eq!(refusal, "line 250002: there are more than 250000 people");

        let json = |people: usize| {
            let people = br#"{"email":"a"},"#.repeat(people);
            parse(&[b"[", people.strip_suffix(b",").expect("people"), b"]"].concat(), Format::Json)
        };
        assert_eq!(json(MAX_PEOPLE).expect("a roster").entries.len(), MAX_PEOPLE);
        let refusal = json(MAX_PEOPLE + 1).expect_err("a refusal").to_string();
        assert!(refusal.ends_with(": there are more than 250000 people"), "{refusal}");
    }

    #[test]
    fn an_error_repeats_a_short_piece_of_the_file_at_most() {
        let long = "ü".repeat(100_000);
        for (text, format) in [
            (long.clone(), Format::Csv),
            (format!("email,admin\na@x,{long}\n"), Format::Csv),
            (format!("email,user type\na@x,{long}\n"), Format::Csv),
            (format!(r#"[{{"email":"a@x","{long}":1}}]"#), Format::Json),
            (format!(r#"[{{"email":"a@x","admin":"{long}"}}]"#), Format::Json),
            (format!(r#"[{{"email":"a@x","userType":"{long}"}}]"#), Format::Json),
            (format!(r#""{long}""#), Format::Json),
        ] {
            let error = parse(text.as_bytes(), format).expect_err("a refusal");
            let length = error.message.chars().count();
            assert!(error.message.contains("üü") && length < 320, "{length}: {error}");
        }
    }
}
