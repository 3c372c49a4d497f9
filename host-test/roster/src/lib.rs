//! Reads rosters, the lists of people who should be in Retool, from CSV files, workbooks (`.xlsx`) and JSON
//! files, and writes them as CSV or JSON.
//!
//! Reading is bounded: there are limits for the size of a file, for the number of people in it, for
//! what they take, and for the text that an error repeats. No file causes a panic.

#![deny(missing_docs)]

mod bounded;
mod budget;
mod column;
mod csv;
mod date;
mod encoding;
mod entry;
mod extras;
mod filter;
mod group;
mod json;
mod layout;
mod options;
mod people;
mod presets;
mod refusal;
mod separator;
mod status;
mod table;
mod workbook;
mod write;

use std::path::Path;

use budget::Budget;
pub use encoding::Encoding;
pub use entry::{Clear, Entry, UserType};
pub use group::Group;
pub use jiff::civil::Date;
pub use options::{Condition, Mapping, Options, Origin, RowsOf};
pub use presets::System;
pub use refusal::{Refusal, RosterError};
pub use write::{Unwritable, write};

/// The largest file in bytes: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// The maximum number of people on one roster; more than any organisation has.
pub const MAX_PEOPLE: usize = 250_000;

/// The maximum number of characters of a cell or a name that an error repeats.
const MAX_EXCERPT: usize = 64;

/// The file format of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Cells separated by comma, semicolon, tab or `|`, which is found out from the line of headers
    /// or named by a first line `sep=;`. The headers: email, first name, last name, user type,
    /// admin, groups (separated by `;`, with `*` after the name of a group that the person
    /// administers, and `\\;` for a `;` in a name), former emails (separated by `;`), `attribute:NAME` for a user attribute,
    /// and `metadata:KEY` for a key of the metadata (JSON, or else a text).
    Csv,
    /// An array of objects: `email`, `first_name`, `last_name`, `user_type` (strings), `admin`
    /// (true or false), `groups` (an array of strings, or of objects with `name` and
    /// `admin`), `former_emails` (an array of strings), `attributes` and `metadata` (objects),
    /// `clear` (an array of `first_name`, `last_name`, `profile_photo_url`,
    /// `{"metadata_key": …}` and `{"attribute": …}`). The names are matched like headers:
    /// `firstName` and `First name` are the same.
    Json,
    /// A workbook with the columns of a CSV file in the only sheet that is visible and not empty, or
    /// in the one that is named.
    Xlsx,
}

impl Format {
    /// Detects a workbook by its first bytes, which no text has, and others by the file's extension.
    /// If that is another one, checks whether the text starts like JSON.
    pub fn of(path: &Path, bytes: &[u8]) -> Format {
        if workbook::begins(bytes) {
            return Format::Xlsx;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => return Format::Csv,
            Some("json") => return Format::Json,
            Some("xlsx" | "xlsm" | "xls") => return Format::Xlsx,
            _ => {}
        }
        // UTF-16 has NUL between the letters.
        let text = |byte: &&u8| !byte.is_ascii_whitespace() && **byte != 0;
        let first = encoding::without_mark(bytes).iter().find(text);
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
    /// How it was read.
    pub source: Source,
}

/// How a CSV file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The system that exported it.
    pub system: Option<System>,
    /// By which columns rows were left out, and how many. If several leave out a row, it counts for
    /// one of them.
    pub left_out: Vec<(String, u64)>,
    /// How many columns were left out.
    pub unused_columns: u64,
}

/// Reads a roster: UTF-8, or UTF-16 with a byte-order mark, unless the options name another
/// encoding; with any kind of line end. An empty value means that the roster does not set the field.
/// Blank rows, empty columns and separators at the end of a row are skipped. Fails for a file of
/// more than [`MAX_BYTES`] or with more than [`MAX_PEOPLE`], for a CSV file that ends inside quotes,
/// for a cell of more than 64 KiB, and if all people together take more than eight times
/// [`MAX_BYTES`], for which the name of a column counts for each person. A workbook may unpack to four
/// times [`MAX_BYTES`].
///
/// The component checks whether addresses and names are valid, and whether a person is listed
/// twice.
pub fn parse(bytes: &[u8], format: Format, options: &Options) -> Result<Roster, Refusal> {
    parse_within(bytes, format, options, budget::MOST)
}

/// `most` is how many bytes all people may take.
fn parse_within(
    bytes: &[u8],
    format: Format,
    options: &Options,
    most: usize,
) -> Result<Roster, Refusal> {
    if bytes.len() > MAX_BYTES {
        let (length, most) = (bytes.len(), MAX_BYTES);
        let message = format!("the file has {length} bytes, and a roster has {most} at most");
        return Err(RosterError::new(0, 0, message).into());
    }
    if let Some(message) = options.unfit(format) {
        return Err(RosterError::new(0, 0, message).into());
    }
    let budget = Budget::new(most);
    let text = || encoding::decode(bytes, options.encoding);
    match format {
        Format::Csv => table::read(csv::CsvRows::new(&text()?), options, budget),
        Format::Json => json::parse(&text()?, budget),
        Format::Xlsx => workbook::parse(bytes, options, budget),
    }
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

    fn parse(bytes: &[u8], format: Format) -> Result<Roster, Refusal> {
        super::parse(bytes, format, &Options::default())
    }

    #[test]
    fn the_format_depends_on_the_extension_and_then_on_the_first_character() {
        let of = |path: &str, bytes: &[u8]| Format::of(Path::new(path), bytes);
        assert_eq!(of("people.CSV", b"[]"), Format::Csv);
        assert_eq!(of("people.json", b"email"), Format::Json);
        assert_eq!(of("people", b"\xef\xbb\xbf \n["), Format::Json);
        assert_eq!(of("people.txt", b"email,admin"), Format::Csv);
        assert_eq!(of("people", b"\xff\xfe[\0"), Format::Json);
        assert_eq!(of("people", b"\xfe\xff\0["), Format::Json);
        assert_eq!(of("-", b""), Format::Csv);
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
        let long = "ü".repeat(30_000);
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
            assert!(error.to_string().contains("üü"), "{error}");
            for error in error.errors {
                let length = error.message.chars().count();
                assert!(length < 400, "{length}: {error}");
            }
        }
    }
}
