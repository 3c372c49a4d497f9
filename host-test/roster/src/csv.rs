//! The rows of a CSV file.

use std::io::{Chain, Read};
use std::mem;

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::encoding::line_ends;
use crate::table::{MAX_CELL, Rows};
use crate::{RosterError, separator};

/// Follows the file. In a file that ends inside quotes, it is the end of a cell; otherwise it is a
/// row of its own. The parser does not say whether quotes are open.
const END: &[u8] = b"\nend of the roster";

/// The rows of a CSV file that are not blank, with their lines.
pub(crate) struct CsvRows<'a> {
    reader: Reader<Chain<&'a [u8], &'static [u8]>>,
    lines: Lines<'a>,
    /// The row to return next, and its line; `None` before the first one.
    next: Option<(ByteRecord, u64)>,
}

impl<'a> CsvRows<'a> {
    /// Finds out the separator. `bytes` have no mark.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let named = separator::named(bytes);
        let (separator, start) = named.unwrap_or_else(|| (separator::found(bytes), 0));
        let bytes = &bytes[start..];
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(bytes.chain(END));
        CsvRows { reader, lines: Lines { bytes, at: 0, line: 1 }, next: None }
    }

    fn raw(&mut self) -> Result<Option<(ByteRecord, u64)>, RosterError> {
        if self.next.is_none() {
            self.next = self.read()?;
        }
        let following = self.read()?;
        let Some((row, line)) = mem::replace(&mut self.next, following) else { return Ok(None) };
        if self.next.is_none() {
            return if row.len() == 1 && &row[0] == END.trim_ascii_start() {
                Ok(None)
            } else {
                Err(ends_in_quotes(&row, line))
            };
        }
        match row.iter().position(|cell| cell.len() > MAX_CELL) {
            Some(at) => {
                let bytes = row[at].len();
                let message = format!(
                    "the cell has {bytes} bytes, and {MAX_CELL} are the most; a quotation mark may \
                     be missing in it or in a line before"
                );
                Err(RosterError::new(line, at as u64 + 1, message))
            }
            None => Ok(Some((row, line))),
        }
    }

    fn read(&mut self) -> Result<Option<(ByteRecord, u64)>, RosterError> {
        let mut row = ByteRecord::new();
        match self.reader.read_byte_record(&mut row) {
            Ok(true) => {
                let line = self.lines.of(&row);
                Ok(Some((row, line)))
            }
            Ok(false) => Ok(None),
            Err(error) => Err(RosterError::new(self.lines.line, 0, error.to_string())),
        }
    }
}

impl Rows for CsvRows<'_> {
    const TOO_LONG: &'static str = "a separator in a text needs quotes around the text";

    /// Fails for a cell that is too large, and for a file that ends inside quotes.
    fn next(&mut self) -> Result<Option<(ByteRecord, u64)>, RosterError> {
        loop {
            let Some((row, line)) = self.raw()? else { return Ok(None) };
            if !row.iter().all(blank) {
                return Ok(Some((row, line)));
            }
        }
    }
}

fn blank(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_ok_and(|cell| cell.trim().is_empty())
}

/// Refuses a file by its last row, whose last cell has no end.
fn ends_in_quotes(row: &ByteRecord, line: u64) -> RosterError {
    let last = row.len().saturating_sub(1);
    let before: u64 = row.iter().take(last).map(line_ends).sum();
    let message = "a quotation mark opens here and is not closed; the file may be cut: export it \
                   again, or close the quotes";
    RosterError::new(line + before, last as u64 + 1, message)
}

/// Finds the line that a row starts on. The reader's own line number is that of the end of the
/// previous row, after which there may be blank lines. It also knows only one kind of line end.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// Returns the line of a row, from 1. It must be called for the rows in their order.
    fn of(&mut self, row: &ByteRecord) -> u64 {
        let Some(position) = row.position() else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<(Vec<String>, u64)>, RosterError> {
        let mut rows = CsvRows::new(text.as_bytes());
        let mut read = Vec::new();
        while let Some((row, line)) = rows.next()? {
            let cell = |cell: &[u8]| String::from_utf8(cell.to_vec()).expect("UTF-8");
            read.push((row.iter().map(cell).collect(), line));
        }
        Ok(read)
    }

    fn row(cells: &[&str], line: u64) -> (Vec<String>, u64) {
        (cells.iter().map(|cell| (*cell).to_owned()).collect(), line)
    }

    #[test]
    fn blank_rows_are_skipped_and_count_as_lines() {
        let text = ";;\nemail;admin\n\n ;\u{a0};\r\na@x;\"yes\nno\"\n;;;\n\"\";\nb@x;\n;\n\n";
        let expected =
            [row(&["email", "admin"], 2), row(&["a@x", "yes\nno"], 5), row(&["b@x", ""], 9)];
        assert_eq!(rows(text).expect("rows"), expected);
        assert_eq!(rows("").expect("no rows"), []);
        assert_eq!(rows("\n\r\n;;").expect("no rows"), []);
    }

    #[test]
    fn a_line_that_names_the_separator_is_no_row() {
        let expected = [row(&["email,a", "b"], 2), row(&["c", "d"], 3)];
        assert_eq!(rows("sep=;\r\nemail,a;b\r\nc;d").expect("rows"), expected);
        assert_eq!(rows("sep=^\nemail^a").expect("rows"), [row(&["email", "a"], 2)]);
        assert_eq!(rows("sep=;").expect("no rows"), []);
    }

    #[test]
    fn a_file_that_ends_inside_quotes_is_refused_where_they_open() {
        for (text, line, column) in [
            ("email,name\na@x,\"Ada", 2, 2),
            ("email,name\na@x,\"Ada\nb@x,B\n\n", 2, 2),
            ("email,name\na@x,\"", 2, 2),
            ("email,name\na@x,A\n\n\n\"b@x\"\"", 5, 1),
            ("email,name,a\n\"a\r\n@x\",\"b\rc\",\"A", 4, 3),
            ("email,\"name\n", 1, 2),
            ("\"", 1, 1),
        ] {
            let error = rows(text).expect_err("a refusal");
            assert_eq!((error.line, error.column), (line, column), "{text:?}: {error}");
            assert!(error.message.contains("is not closed"), "{error}");
        }
        for closed in ["a,\"b\"", "a,\"b\"\"\"", "a,\"b\"\r", "a,b\"", "a,\"b\"\n\n"] {
            assert_eq!(rows(closed).expect("rows").len(), 1, "{closed:?}");
        }
    }

    #[test]
    fn a_row_that_reads_like_the_end_is_a_row() {
        let end = "end of the roster";
        assert_eq!(rows(&format!("a\n{end}\n")).expect("rows"), [row(&["a"], 1), row(&[end], 2)]);
        assert_eq!(rows(&format!("a\n{end}")).expect("rows").len(), 2);
    }

    #[test]
    fn a_cell_over_64_kib_is_refused() {
        let text = |bytes: usize| format!("email,name\na@x,\"{}\"\n", "n".repeat(bytes));
        assert_eq!(rows(&text(65_536)).expect("rows").len(), 2);
        let error = rows(&text(65_537)).expect_err("a refusal");
        assert_eq!((error.line, error.column), (2, 2));
        assert!(error.message.contains("65537 bytes, and 65536 are the most"), "{error}");
    }
}
