//! Reads rosters, the lists of people who should be in Retool, from CSV or JSON files.
//!
//! Reading is bounded: there are limits for the size of a file, for the number of people in it, and
//! for the text that an error repeats. No file causes a panic.

#![deny(missing_docs)]

mod csv;
mod entry;
mod json;

use std::fmt;
use std::path::Path;

pub use entry::{Entry, UserType};

/// The largest file in bytes: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// The maximum number of people on one roster; more than any organisation has.
pub const MAX_PEOPLE: usize = 250_000;

/// The maximum number of characters of a cell or a name that an error repeats.
const MAX_EXCERPT: usize = 64;

/// The file format of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a line of headers: email, first name, last name, user type,
    /// admin, groups (separated by `;`).
    Csv,
    /// An array of objects: `email`, `first_name`, `last_name`, `user_type` (strings), `admin`
    /// (true or false), `groups` (an array of strings). The names are matched like headers:
    /// `firstName` and `First name` are the same.
    Json,
}

impl Format {
    /// Detects the format by the file's extension. If that is another one, checks whether the text
    /// starts like JSON.
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

/// A parsed roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The people, in the file's order; at most [`MAX_PEOPLE`].
    pub entries: Vec<Entry>,
    /// The first line of each entry, from 1. Empty for JSON, where lines are not tracked.
    pub lines: Vec<u64>,
}

/// Why a file is not a valid roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterError {
    /// The line, from 1; 0 if the error is about the whole file.
    pub line: u64,
    /// The number of the cell in CSV, or of the byte in the line in JSON, from 1; 0 if the error is
    /// about the whole line.
    pub column: u64,
    /// What is wrong. It repeats at most a short piece of the file.
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

/// Reads a roster. Accepts a byte-order mark and any kind of line end. An empty value means that
/// the roster does not set the field. Fails for a file of more than [`MAX_BYTES`] or with more than
/// [`MAX_PEOPLE`].
///
/// The component checks whether addresses and names are valid, and whether a person is listed
/// twice.
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

/// Returns the message for a roster with more than [`MAX_PEOPLE`].
fn too_many() -> String {
    format!("there are more than {MAX_PEOPLE} people")
}

/// Shortens a text for an error.
fn excerpt(text: &str) -> String {
    cut(text, MAX_EXCERPT)
}

/// Cuts a text after `most` characters, and adds an ellipsis if it was longer.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Normalizes a name for comparison: ignores case, spaces, `_` and `-`.
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
    fn the_format_depends_on_the_extension_and_then_on_the_first_character() {
        let of = |path: &str, bytes: &[u8]| Format::of(Path::new(path), bytes);
        assert_eq!(of("people.CSV", b"[]"), Format::Csv);
        assert_eq!(of("people.json", b"email"), Format::Json);
        assert_eq!(of("people", b"\xef\xbb\xbf \n["), Format::Json);
        assert_eq!(of("people.txt", b"email,admin"), Format::Csv);
        assert_eq!(of("-", b""), Format::Csv);
    }

    #[test]
    fn an_error_names_line_and_column_if_they_are_known() {
        let text = |line, column| RosterError::new(line, column, "bad").to_string();
        assert_eq!(text(3, 2), "line 3, column 2: bad");
        assert_eq!(text(3, 0), "line 3: bad");
        assert_eq!(text(0, 0), "bad");
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
    fn a_roster_with_more_than_the_maximum_of_people_is_refused() {
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
    fn an_error_repeats_at_most_a_short_piece_of_the_file() {
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
