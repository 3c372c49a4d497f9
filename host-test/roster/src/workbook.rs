//! Rosters as workbooks of Excel and of programs that write its format (`.xlsx`).

use std::io::{self, Cursor, Read, Seek};

use calamine::{
    Data, DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader,
};
use csv::ByteRecord;
use jiff::civil::Date;
use jiff::fmt::strtime;
use quick_xml::events::Event;
use zip::ZipArchive;

use crate::budget::Budget;
use crate::layout::MAX_COLUMNS;
use crate::table::{self, MAX_CELL, Rows};
use crate::{MAX_BYTES, Options, Refusal, Roster, RosterError, excerpt};

/// How the file of an older or an encrypted workbook begins.
const OLD: &[u8] = b"\xd0\xcf\x11\xe0";

/// How a `.xlsx` file begins, as every archive of its kind.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// The maximum number of bytes of all parts of a workbook when they are unpacked, and of the texts of
/// its cells. A small file can unpack to more than the memory holds.
const MAX_UNPACKED: u64 = 4 * MAX_BYTES as u64;

/// The maximum number of parts; a workbook has a few for each sheet.
const MAX_PARTS: usize = 10_000;

/// The maximum number of sheets that are looked at to find the one that is not empty.
const MAX_SHEETS: usize = 20;

/// The maximum number of cells, with those that are empty.
const MAX_CELLS: usize = 20_000_000;

/// The maximum number of bytes of the part with the formats. The reader keeps a copy of the font and
/// of the number format for each format of cells.
const MAX_STYLES: u64 = 4 << 20;

/// The maximum number of formats of cells; Excel takes 65,490.
const MAX_FORMATS: usize = 65_536;

/// The maximum number of bytes of a tag or a text in it; a number format has 255 characters at most.
const MAX_STYLE_TEXT: usize = 2048;

type Workbook<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Returns whether a file begins like a workbook, of whatever age.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(ARCHIVE) || bytes.starts_with(OLD)
}

/// Reads the sheet that the options name, or the only one that is visible and not empty. Hidden rows
/// and columns are read like others. Reports all mistakes.
pub(crate) fn parse(bytes: &[u8], options: &Options, budget: Budget) -> Result<Roster, Refusal> {
    if bytes.starts_with(OLD) {
        return Err(whole(
            "this is a workbook of an older kind (.xls), or one with a password; save it as .xlsx \
             without a password, or as CSV",
        )
        .into());
    }
    check_size(bytes, MAX_UNPACKED)?;
    let mut workbook: Workbook = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let sheet = sheet(&mut workbook, options)?;
    table::read(SheetRows::open(&mut workbook, &sheet, options)?, options, budget)
}

fn whole(message: impl Into<String>) -> RosterError {
    RosterError::new(0, 0, message)
}

fn unreadable(error: impl std::fmt::Display) -> RosterError {
    whole(format!(
        "the workbook can't be read: {}; export it again, or save it as CSV",
        excerpt(&error.to_string())
    ))
}

/// Unpacks all parts without keeping them, because the sizes that the file claims may be wrong, and
/// checks those of which the reader makes more than they have.
fn check_size(bytes: &[u8], most: u64) -> Result<(), RosterError> {
    let too_large = || {
        whole(format!(
            "the workbook unpacks to more than {most} bytes, the most that is read; save the sheet as \
             CSV"
        ))
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    if archive.len() > MAX_PARTS {
        return Err(unreadable(format!("it has more than {MAX_PARTS} parts")));
    }
    let mut left = most;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(unreadable)?;
        let name = part.name().map_err(unreadable)?.to_ascii_lowercase();
        let mut part = part.take(left + 1);
        if name.ends_with("sharedstrings.xml") {
            let mut text = Vec::new();
            part.read_to_end(&mut text).map_err(unreadable)?;
            check_texts(&text)?;
        } else if name.ends_with("styles.xml") {
            let mut text = Vec::new();
            part.by_ref().take(MAX_STYLES + 1).read_to_end(&mut text).map_err(unreadable)?;
            check_styles(&text)?;
        }
        io::copy(&mut part, &mut io::sink()).map_err(unreadable)?;
        left = part.limit().checked_sub(1).ok_or_else(too_large)?;
    }
    Ok(())
}

/// Checks how many texts the part with the texts claims to have: the reader reserves memory for them.
/// The number may stand in a comment too, which does no harm.
fn check_texts(part: &[u8]) -> Result<(), RosterError> {
    const COUNT: &[u8] = b"uniqueCount";
    check_utf8(part)?;
    for (at, _) in part.windows(COUNT.len()).enumerate().filter(|(_, text)| *text == COUNT) {
        let rest = &part[at + COUNT.len()..];
        let blank = |byte: &u8| byte.is_ascii_whitespace() || b"=\"'".contains(byte);
        let digits =
            rest.iter().skip_while(|byte| blank(byte)).take_while(|byte| byte.is_ascii_digit());
        let claimed = digits.fold(0_u64, |number, digit| {
            number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        });
        // Each text takes at least the bytes of `<si/>`, and memory for it is reserved.
        if claimed > (part.len() as u64 / 5).min(MAX_CELLS as u64) {
            return Err(unreadable("it claims more texts than it has"));
        }
    }
    Ok(())
}

/// Checks the part with the formats, of which the reader makes one for each format of cells.
fn check_styles(part: &[u8]) -> Result<(), RosterError> {
    check_utf8(part)?;
    let too_large = || unreadable("its formats are too large");
    if part.len() as u64 > MAX_STYLES {
        return Err(too_large());
    }
    let mut xml = quick_xml::Reader::from_reader(part);
    let (mut buffer, mut formats) = (Vec::new(), 0);
    loop {
        buffer.clear();
        let length = match xml.read_event_into(&mut buffer).map_err(unreadable)? {
            Event::Start(tag) | Event::Empty(tag) => {
                formats += usize::from(tag.local_name().as_ref() == "xf");
                tag.len()
            }
            Event::Text(text) => text.len(),
            Event::Eof => return Ok(()),
            _ => continue,
        };
        if length > MAX_STYLE_TEXT || formats > MAX_FORMATS {
            return Err(too_large());
        }
    }
}

/// The reader takes UTF-16 too, in which the texts above are not found.
fn check_utf8(part: &[u8]) -> Result<(), RosterError> {
    if part.contains(&0) { Err(unreadable("a part is not UTF-8")) } else { Ok(()) }
}

fn too_many_cells() -> RosterError {
    whole(format!("the sheet has more than {MAX_CELLS} cells; save it as CSV"))
}

/// Chooses the sheet.
fn sheet(workbook: &mut Workbook, options: &Options) -> Result<String, RosterError> {
    let sheets = workbook.sheets_metadata().iter();
    let sheets: Vec<_> =
        sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet).cloned().collect();
    if let Some(name) = &options.sheet {
        return match sheets.iter().find(|sheet| sheet.name == *name) {
            Some(sheet) => Ok(sheet.name.clone()),
            None => {
                let names = list(sheets.iter().map(|sheet| &*sheet.name));
                let name = excerpt(name);
                Err(whole(format!("there is no sheet `{name}`; the sheets are {names}")))
            }
        };
    }
    let visible = sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    if visible.clone().count() > MAX_SHEETS {
        let names = list(visible.map(|sheet| &*sheet.name));
        return Err(whole(format!(
            "the workbook has more than {MAX_SHEETS} sheets; `--sheet` names one, such as {names}"
        )));
    }
    let mut filled = Vec::new();
    for sheet in visible {
        let mut rows = SheetRows::open(workbook, &sheet.name, options)?;
        // All sheets together have the limit of one.
        rows.cells_left = MAX_CELLS / MAX_SHEETS;
        // What can't be read is reported when the sheet is.
        if !matches!(rows.next(), Ok(None)) {
            filled.push(&*sheet.name);
        }
    }
    match filled[..] {
        [name] => Ok(name.to_owned()),
        [] => {
            Err(whole("all visible sheets of the workbook are empty; `--sheet` names a hidden one"))
        }
        _ => {
            let names = list(filled.iter().copied());
            Err(whole(format!("the workbook has several sheets; `--sheet` names one of {names}")))
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.take(20).map(|name| format!("`{}`", excerpt(name))).collect::<Vec<_>>().join(", ")
}

/// The rows of a sheet that are not blank. They all have at least as many cells as the first one.
struct SheetRows<'a, R: Read + Seek> {
    cells: XlsxCellReader<'a, R>,
    date_format: Option<&'a str>,
    /// The first cell of the next row.
    next: Option<Cell>,
    /// Whether all cells were read. The reader must not be asked again then.
    is_over: bool,
    columns: usize,
    /// The number of bytes that may still be read.
    left: usize,
    /// The number of cells that may still be read.
    cells_left: usize,
}

struct Cell {
    row: u32,
    column: u32,
    text: String,
}

impl<'a, R: Read + Seek> SheetRows<'a, R> {
    fn open(
        workbook: &'a mut Xlsx<R>,
        sheet: &str,
        options: &'a Options,
    ) -> Result<Self, RosterError> {
        Ok(SheetRows {
            cells: workbook.worksheet_cells_reader(sheet).map_err(unreadable)?,
            date_format: options.date_format.as_deref(),
            next: None,
            is_over: false,
            columns: 0,
            left: MAX_UNPACKED as usize,
            cells_left: MAX_CELLS,
        })
    }

    /// Returns the next cell that is not blank.
    fn cell(&mut self) -> Result<Option<Cell>, RosterError> {
        while !self.is_over {
            let cell = self.cells.next_cell_with_formula_metadata().map_err(unreadable)?;
            let Some(cell) = cell else {
                self.is_over = true;
                break;
            };
            self.cells_left = self.cells_left.checked_sub(1).ok_or_else(too_many_cells)?;
            let (row, column) = cell.pos;
            let wrong = |message: String| {
                RosterError::new(u64::from(row) + 1, u64::from(column) + 1, message)
            };
            if cell.value == DataRef::Empty && cell.formula.is_some() {
                return Err(wrong(
                    "the cell has a formula without a result; open the workbook, calculate it, and \
                     save it"
                        .to_owned(),
                ));
            }
            let text = text(cell.value, self.date_format).map_err(wrong)?;
            if text.trim().is_empty() {
                continue;
            }
            if text.len() > MAX_CELL {
                let bytes = text.len();
                return Err(wrong(format!(
                    "the cell has {bytes} bytes, and {MAX_CELL} are the most"
                )));
            }
            if column as usize >= MAX_COLUMNS {
                return Err(wrong(format!("{MAX_COLUMNS} columns are the most")));
            }
            let left = self.left.checked_sub(text.len());
            self.left = left
                .ok_or_else(|| wrong(format!("all cells have more than {MAX_UNPACKED} bytes")))?;
            return Ok(Some(Cell { row, column, text }));
        }
        Ok(None)
    }
}

impl<R: Read + Seek> Rows for SheetRows<'_, R> {
    const TOO_LONG: &'static str = "give each column a name, or empty the cells";

    /// Fails for a cell that is too large or has no value, and for rows that are not in order.
    fn next(&mut self) -> Result<Option<(ByteRecord, u64)>, RosterError> {
        let first = match self.next.take() {
            Some(cell) => Some(cell),
            None => self.cell()?,
        };
        let Some(first) = first else { return Ok(None) };
        let row = first.row;
        // The row is filled up to all columns.
        self.cells_left = self.cells_left.checked_sub(self.columns).ok_or_else(too_many_cells)?;
        let mut texts = vec![String::new(); self.columns];
        let mut next = Some(first);
        while let Some(cell) = next.take_if(|cell| cell.row == row) {
            let at = cell.column as usize;
            if texts.len() <= at {
                texts.resize(at + 1, String::new());
            }
            texts[at] = cell.text;
            next = self.cell()?;
        }
        if next.as_ref().is_some_and(|cell| cell.row < row) {
            return Err(unreadable("its rows are not in order"));
        }
        self.columns = if self.columns == 0 { texts.len() } else { self.columns };
        self.next = next;
        Ok(Some((ByteRecord::from(texts), u64::from(row) + 1)))
    }
}

/// Returns a value as it would stand in a CSV file: numbers without separators, `true` and `false`,
/// and dates as `2026-03-01`, or in the format that is given for dates.
fn text(value: DataRef<'_>, date_format: Option<&str>) -> Result<String, String> {
    Ok(match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text,
        DataRef::SharedString(text) => text.to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(date) => date_text(date, date_format)?,
        DataRef::Error(error) => {
            return Err(format!("the cell has the error `{error}`; mend it, or empty the cell"));
        }
        number @ (DataRef::Int(_) | DataRef::Float(_)) => Data::from(number).to_string(),
    })
}

fn date_text(value: ExcelDateTime, format: Option<&str>) -> Result<String, String> {
    let wrong = || "the cell has a date that does not exist; mend it, or empty the cell".to_owned();
    if value.is_duration() {
        return Ok(value.as_f64().to_string());
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    let part = |part: u8| i8::try_from(part).map_err(|_| wrong());
    let year = i16::try_from(year).map_err(|_| wrong())?;
    let date = Date::new(year, part(month)?, part(day)?).map_err(|_| wrong())?;
    if let Some(format) = format {
        return strtime::format(format, date).map_err(|_| wrong());
    }
    Ok(match (hour, minute, second) {
        (0, 0, 0) => date.to_string(),
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            archive.start_file(*name, SimpleFileOptions::default()).expect("a part");
            archive.write_all(bytes).expect("a part");
        }
        archive.finish().expect("an archive").into_inner()
    }

    #[test]
    fn what_a_workbook_unpacks_to_is_limited_for_all_parts_together() {
        let half = vec![b' '; 50_000];
        let bytes = archive(&[("a", &half), ("b", &half)]);
        assert!(bytes.len() < 1000);
        check_size(&bytes, 100_000).expect("as much as may be");
        let error = check_size(&bytes, 99_999).expect_err("a refusal").to_string();
        assert!(error.starts_with("the workbook unpacks to more than 99999 bytes"), "{error}");
    }

    fn is_good(part: &str, text: &[u8]) -> bool {
        check_size(&archive(&[(part, text)]), 16 << 20).is_ok()
    }

    #[test]
    fn a_part_that_claims_more_texts_than_it_has_bytes_is_refused() {
        let pad = " ".repeat(5000);
        for (text, good) in [
            (r#"<sst count="9" uniqueCount="7"/>         "#.to_owned(), true),
            (r#"<sst count="9" uniqueCount="9"/>         "#.to_owned(), false),
            ("<sst uniqueCount = '99999999999999999999999'/>".to_owned(), false),
            (r#"<sst uniqueCount="48000000"/>"#.to_owned(), false),
            (r#"<!-- uniqueCount="1" --><sst uniqueCount="99999999999">"#.to_owned(), false),
            (format!("<!--{pad}--><sst uniqueCount=\"999999999999999999\">"), false),
            ("\0<\0s".to_owned(), false),
            ("<sst/>".to_owned(), true),
        ] {
            assert_eq!(is_good("xl/SharedStrings.xml", text.as_bytes()), good, "{text}");
        }
    }

    #[test]
    fn formats_that_would_be_copied_without_end_are_refused() {
        let font =
            |bytes: usize| format!("<font><name val=\"{}\"/></font>", "f'>".repeat(bytes / 3));
        assert!(is_good("xl/styles.xml", font(255).as_bytes()));
        let hidden = format!("<name x val=\"{}\"/>", "f".repeat(MAX_STYLE_TEXT));
        assert!(!is_good("xl/styles.xml", hidden.as_bytes()));
        assert!(!is_good("xl/styles.xml", font(MAX_STYLE_TEXT + 3).as_bytes()));
        let many = |formats: usize| "<xf/>".repeat(formats);
        assert!(is_good("xl/styles.xml", many(MAX_FORMATS).as_bytes()));
        assert!(!is_good("xl/styles.xml", many(MAX_FORMATS + 1).as_bytes()));
        let long = format!("<a>{}</a>", " ".repeat(5 << 20));
        assert!(!is_good("xl/styles.xml", long.as_bytes()));
    }

    #[test]
    fn an_archive_of_very_many_parts_is_refused() {
        let names: Vec<String> = (0..=MAX_PARTS).map(|at| at.to_string()).collect();
        let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &b""[..])).collect();
        let error = check_size(&archive(&parts), 1000).expect_err("a refusal").to_string();
        assert!(error.contains("it has more than 10000 parts"), "{error}");
        check_size(&archive(&parts[1..]), 1000).expect("as many as may be");
    }

    #[test]
    fn a_short_row_counts_with_all_columns() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        for column in 0..10 {
            sheet.write_string(0, column, "a").expect("a cell");
        }
        for row in 1..=10 {
            sheet.write_string(row, 0, "a").expect("a cell");
        }
        let bytes = workbook.save_to_buffer().expect("a workbook");
        let mut workbook: Workbook = Xlsx::new(Cursor::new(&bytes[..])).expect("a workbook");
        let options = Options::default();
        // 20 cells, and 10 rows with 10 columns.
        for (cells, is_read) in [(120, true), (119, false)] {
            let mut rows = SheetRows::open(&mut workbook, "Sheet1", &options).expect("a sheet");
            rows.cells_left = cells;
            let all = std::iter::from_fn(|| rows.next().transpose());
            assert_eq!(all.collect::<Result<Vec<_>, _>>().is_ok(), is_read, "{cells}");
        }
    }
}
