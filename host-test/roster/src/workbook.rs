//! Rosters as workbooks of Excel and of programs that write its format (`.xlsx`).

use std::io::{self, Cursor, Read, Seek};
use std::mem;

use calamine::{
    Data, DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader,
};
use csv::ByteRecord;
use jiff::civil::Date;
use jiff::fmt::strtime;
use zip::ZipArchive;

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

/// The number of bytes at the start of the part with the texts that contain their number.
const HEAD: usize = 4096;

type Workbook<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Returns whether a file begins like a workbook, of whatever age.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(ARCHIVE) || bytes.starts_with(OLD)
}

/// Reads the sheet that the options name, or the only one that is visible and not empty. Hidden rows
/// and columns are read like others. Reports all mistakes.
pub(crate) fn parse(bytes: &[u8], options: &Options) -> Result<Roster, Refusal> {
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
    table::read(SheetRows::open(&mut workbook, &sheet, options)?, options)
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

/// Unpacks all parts without keeping them, because the sizes that the file claims may be wrong.
fn check_size(bytes: &[u8], most: u64) -> Result<(), RosterError> {
    let too_large = || {
        whole(format!(
            "the workbook unpacks to more than {most} bytes, the most that is read; save the \
             sheet as CSV"
        ))
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut left = most;
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(unreadable)?;
        let texts =
            part.name().map_err(unreadable)?.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut head = Vec::new();
        part.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(unreadable)?;
        let rest =
            io::copy(&mut part.by_ref().take(left + 1), &mut io::sink()).map_err(unreadable)?;
        let size = head.len() as u64 + rest;
        left = left.checked_sub(size).ok_or_else(too_large)?;
        // The reader reserves memory for as many texts as the part claims.
        if texts && claimed_texts(&head).is_some_and(|texts| texts > size) {
            return Err(unreadable("it claims more texts than it has"));
        }
    }
    Ok(())
}

/// Returns the number of texts that the part claims to have.
fn claimed_texts(head: &[u8]) -> Option<u64> {
    let head = String::from_utf8_lossy(head);
    let (_, count) = head.split_once("uniqueCount")?;
    let digits = count.trim_start_matches([' ', '=', '"', '\'', '\t', '\r', '\n']);
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    (end > 0).then(|| digits[..end].parse().unwrap_or(u64::MAX))
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
    let mut filled = Vec::new();
    for sheet in sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible) {
        // A cell that can't be read is reported when the sheet is.
        if !matches!(SheetRows::open(workbook, &sheet.name, options)?.next(), Ok(None)) {
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
        })
    }

    /// Returns the next cell that is not blank.
    fn cell(&mut self) -> Result<Option<Cell>, RosterError> {
        while !self.is_over {
            let Some(cell) = self.cells.next_cell_with_formula().map_err(unreadable)? else {
                self.is_over = true;
                break;
            };
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
        Ok(Some((ByteRecord::from(mem::take(&mut texts)), u64::from(row) + 1)))
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

    #[test]
    fn a_part_that_claims_more_texts_than_it_has_bytes_is_refused() {
        for (head, is_good) in [
            ("<sst count=\"9\" uniqueCount=\"30\"/>         ", true),
            ("<sst uniqueCount = '99999999999999999999999'/>", false),
            ("<sst uniqueCount=\"48000000\"/>", false),
            ("<sst/>", true),
        ] {
            let bytes = archive(&[("xl/SharedStrings.xml", head.as_bytes())]);
            assert_eq!(check_size(&bytes, 1000).is_ok(), is_good, "{head}");
        }
    }
}
