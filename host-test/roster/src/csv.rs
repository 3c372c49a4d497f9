//! Rosters as comma-separated values.

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Trim};

use crate::entry::{Entry, UserType, said};
use crate::{MAX_PEOPLE, Roster, RosterError, excerpt, folded, too_many};

/// The columns of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Email,
    FirstName,
    LastName,
    UserType,
    Admin,
    Groups,
}

impl Column {
    pub(crate) const ALL: [Column; 6] = [
        Column::Email,
        Column::FirstName,
        Column::LastName,
        Column::UserType,
        Column::Admin,
        Column::Groups,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::Email => "email",
            Column::FirstName => "first name",
            Column::LastName => "last name",
            Column::UserType => "user type",
            Column::Admin => "admin",
            Column::Groups => "groups",
        }
    }

    /// Returns the column of this name. Case, spaces, `_` and `-` are ignored.
    pub(crate) fn of(header: &str) -> Option<Column> {
        let header = folded(header);
        Column::ALL.into_iter().find(|column| folded(column.name()) == header)
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Roster, RosterError> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(false).trim(Trim::All).from_reader(bytes);
    let mut record = ByteRecord::new();

    let mut lines = Lines::new(bytes);
    if !read(&mut reader, &mut record, &mut lines)? {
        return Err(RosterError::new(0, 0, "the file is empty; its first line names the columns"));
    }
    let columns = columns(&record, lines.of(&record))?;

    let mut roster = Roster { entries: Vec::new(), lines: Vec::new() };
    while read(&mut reader, &mut record, &mut lines)? {
        let line = lines.of(&record);
        if roster.entries.len() == MAX_PEOPLE {
            return Err(RosterError::new(line, 0, too_many()));
        }
        roster.entries.push(entry(&columns, &record, line)?);
        roster.lines.push(line);
    }
    Ok(roster)
}

fn read(
    reader: &mut csv::Reader<&[u8]>,
    record: &mut ByteRecord,
    lines: &mut Lines<'_>,
) -> Result<bool, RosterError> {
    reader.read_byte_record(record).map_err(|error| {
        let line = lines.of(record);
        match error.kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => RosterError::new(
                line,
                0,
                format!("there are {len} cells, and the first line names {expected_len} columns"),
            ),
            _ => RosterError::new(line, 0, error.to_string()),
        }
    })
}

/// Finds the line that a record starts on. The reader's own line number is that of the end of the
/// previous record, after which there may be blank lines. It also knows only one kind of line end.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Lines { bytes, at: 0, line: 1 }
    }

    /// Returns the line of a record, from 1. It must be called for the records in their order.
    fn of(&mut self, record: &ByteRecord) -> u64 {
        let Some(position) = record.position() else {
            return 0;
        };
        let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        while let Some(&byte) = self.bytes.get(self.at) {
            let end = match byte {
                b'\n' => true,
                // Old spreadsheets write it without `\n`.
                b'\r' => self.bytes.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            if self.at >= start && !matches!(byte, b'\n' | b'\r') {
                break;
            }
            self.line += u64::from(end);
            self.at += 1;
        }
        self.line
    }
}

fn columns(headers: &ByteRecord, line: u64) -> Result<Vec<Column>, RosterError> {
    let mut columns = Vec::with_capacity(headers.len());
    for (at, header) in headers.iter().enumerate() {
        let number = at as u64 + 1;
        let header = utf8(header, line, number)?;
        let Some(column) = Column::of(header) else {
            return Err(RosterError::new(line, number, unknown_column(header)));
        };
        if columns.contains(&column) {
            return Err(RosterError::new(
                line,
                number,
                format!("there is a second column `{}`", column.name()),
            ));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Email) {
        return Err(RosterError::new(line, 0, "there is no column `email`"));
    }
    Ok(columns)
}

fn unknown_column(header: &str) -> String {
    let names: Vec<&str> = Column::ALL.into_iter().map(Column::name).collect();
    let known = names.join(", ");
    let named = excerpt(header);
    if header.contains([';', '\t']) {
        format!("`{named}` is not a column; the columns are {known}, with commas between them")
    } else {
        format!("`{named}` is not a column; the columns are {known}")
    }
}

fn entry(columns: &[Column], record: &ByteRecord, line: u64) -> Result<Entry, RosterError> {
    let mut entry = Entry::default();
    for ((at, cell), column) in record.iter().enumerate().zip(columns) {
        let number = at as u64 + 1;
        let wrong = |message: String| {
            RosterError::new(line, number, format!("{}: {message}", column.name()))
        };
        let cell = said(utf8(cell, line, number)?);
        match column {
            Column::Email => {
                entry.email = cell.ok_or_else(|| wrong("there is no address".to_owned()))?;
            }
            Column::FirstName => entry.first_name = cell,
            Column::LastName => entry.last_name = cell,
            Column::UserType => {
                entry.user_type =
                    cell.map(|cell| UserType::of(&cell)).transpose().map_err(wrong)?;
            }
            Column::Admin => {
                entry.admin = cell.map(|cell| yes_or_no(&cell)).transpose().map_err(wrong)?;
            }
            Column::Groups => {
                entry.groups = cell.unwrap_or_default().split(';').filter_map(said).collect();
            }
        }
    }
    Ok(entry)
}

fn utf8(cell: &[u8], line: u64, column: u64) -> Result<&str, RosterError> {
    std::str::from_utf8(cell).map_err(|_| {
        RosterError::new(line, column, "the text is not UTF-8; save the file as UTF-8")
    })
}

fn yes_or_no(cell: &str) -> Result<bool, String> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("`{}` is neither true, yes or 1 nor false, no or 0", excerpt(cell))),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Entry, Format, Roster, RosterError, UserType, parse};

    fn csv(text: &str) -> Result<Roster, RosterError> {
        parse(text.as_bytes(), Format::Csv)
    }

    fn error(text: &str) -> String {
        csv(text).expect_err("a refusal").to_string()
    }

    #[test]
    fn a_full_row_is_read() {
        let roster = csv("email,first name,last name,user type,admin,groups\n\
             ada@example.com,Ada,Lovelace,default,yes,Engineering; Data Science\n")
        .expect("a roster");
        assert_eq!(
            roster.entries,
            [Entry {
                email: "ada@example.com".to_owned(),
                first_name: Some("Ada".to_owned()),
                last_name: Some("Lovelace".to_owned()),
                user_type: Some(UserType::Default),
                admin: Some(true),
                groups: vec!["Engineering".to_owned(), "Data Science".to_owned()],
            }]
        );
        assert_eq!(roster.lines, [2]);
    }

    #[test]
    fn headers_match_in_any_spelling_and_order() {
        let roster =
            csv("\u{feff}Last_Name,E-Mail,USERTYPE\r\nLovelace, ada@example.com ,End User\r\n")
                .expect("a roster");
        let entry = &roster.entries[0];
        assert_eq!(entry.email, "ada@example.com");
        assert_eq!(entry.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(entry.user_type, Some(UserType::EndUser));
    }

    #[test]
    fn empty_cells_mean_none() {
        let roster = csv("email,first name,user type,admin,groups\nada@example.com,, , ,;\n")
            .expect("a roster");
        let entry = &roster.entries[0];
        assert_eq!(entry.first_name, None);
        assert_eq!(entry.user_type, None);
        assert_eq!(entry.admin, None);
        assert!(entry.groups.is_empty());
    }

    #[test]
    fn quoted_cells_may_contain_commas_and_line_ends() {
        let roster = csv("email,last name\nada@example.com,\"Love,\nlace\"\nbob@example.com,B\n")
            .expect("a roster");
        assert_eq!(roster.entries[0].last_name.as_deref(), Some("Love,\nlace"));
        assert_eq!(roster.lines, [2, 4]);
    }

    #[test]
    fn every_spelling_of_yes_and_no_is_accepted() {
        let roster = csv("email,admin\na@x,TRUE\nb@x,Yes\nc@x,1\nd@x,false\ne@x,NO\nf@x,0\n")
            .expect("a roster");
        let admins: Vec<_> = roster.entries.iter().map(|entry| entry.admin).collect();
        assert_eq!(admins, [true, true, true, false, false, false].map(Some));
    }

    #[test]
    fn an_error_names_an_unknown_column() {
        assert_eq!(
            error("email,phone\n"),
            "line 1, column 2: `phone` is not a column; the columns are email, first name, \
             last name, user type, admin, groups"
        );
        assert!(error("email;admin\na@x;yes\n").ends_with("with commas between them"));
    }

    #[test]
    fn a_missing_or_duplicate_column_is_refused() {
        assert_eq!(error("first name\nAda\n"), "line 1: there is no column `email`");
        assert_eq!(
            error("email,First Name,first_name\n"),
            "line 1, column 3: there is a second column `first name`"
        );
        assert_eq!(error(""), "the file is empty; its first line names the columns");
    }

    #[test]
    fn an_error_names_line_and_column_of_an_invalid_cell() {
        assert_eq!(
            error("email,admin\nada@x,yes\n\n\r\nbob@x,maybe\n"),
            "line 5, column 2: admin: `maybe` is neither true, yes or 1 nor false, no or 0"
        );
        assert_eq!(
            error("email,user type\nada@x,boss\n"),
            "line 2, column 2: user type: `boss` is not a user type; they are default, \
             end-user, mobile and embed"
        );
        assert_eq!(error("admin,email\nyes, \n"), "line 2, column 2: email: there is no address");
    }

    #[test]
    fn all_kinds_of_line_ends_are_accepted() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["email,admin", "ada@x,yes", "", "bob@x,no", ""].join(end);
            assert_eq!(csv(&text).expect("a roster").lines, [2, 4], "{end:?}");
        }
    }

    #[test]
    fn a_row_with_too_few_or_too_many_cells_is_refused() {
        assert_eq!(
            error("email,admin,groups\nada@x,yes,A\n\nbob@x,yes\n"),
            "line 4: there are 2 cells, and the first line names 3 columns"
        );
        assert_eq!(
            error("email\nada@x,yes\n"),
            "line 2: there are 2 cells, and the first line names 1 columns"
        );
    }

    #[test]
    fn an_error_names_line_and_column_of_text_that_is_not_utf8() {
        let refusal = parse(b"email,first name\nada@x,Ada\nzoe@x,Zo\xeb\n", Format::Csv);
        assert_eq!(
            refusal.expect_err("a refusal").to_string(),
            "line 3, column 2: the text is not UTF-8; save the file as UTF-8"
        );
    }

    #[test]
    fn a_roster_may_be_empty() {
        assert_eq!(csv("email\n").expect("a roster").entries, []);
    }
}
