//! Workbooks of Excel.

use std::io::{Cursor, Read, Write};

use roster::{Date, Encoding, Format, Options, Refusal, Roster};
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Formula, Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::{emails, options, parsed, read, today};

fn save(mut workbook: Workbook) -> Vec<u8> {
    workbook.save_to_buffer().expect("a workbook")
}

fn sheet(rows: &[&[&str]]) -> Worksheet {
    let mut sheet = Worksheet::new();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(row as u32, column as u16, *cell).expect("a cell");
        }
    }
    sheet
}

fn workbook(sheets: Vec<Worksheet>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for sheet in sheets {
        workbook.push_worksheet(sheet);
    }
    save(workbook)
}

fn parse(bytes: &[u8], options: &Options) -> Result<Roster, Refusal> {
    roster::parse(bytes, Format::Xlsx, options)
}

fn refusal(bytes: &[u8], options: &Options) -> String {
    parse(bytes, options).expect_err("a refusal").to_string()
}

/// Replaces a text in a part of a workbook.
fn altered(bytes: &[u8], part: &str, from: &str, to: &str) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut written = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).expect("a part");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        let name = file.name().expect("a name").into_owned();
        if name == part {
            assert!(text.contains(from), "{text}");
            text = text.replace(from, to);
        }
        // Without compression, since one test does this a thousand times.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        written.start_file(name, options).expect("a part");
        written.write_all(text.as_bytes()).expect("a part");
    }
    written.finish().expect("an archive").into_inner()
}

const PEOPLE: [&[&str]; 5] = [
    &["email", "first name", "last name", "user type", "admin", "groups"],
    &["ada@x.com", "Ada", "Lovelace", "default", "yes", "Engineering; Support*"],
    &[],
    &["bob@x.com", " Bob "],
    &["eve@x.com", "", "", "end-user"],
];

#[test]
fn a_workbook_is_read_like_the_csv_file_with_the_same_cells() {
    let csv: Vec<String> = PEOPLE
        .map(|row| {
            let mut row = row.to_vec();
            row.resize(6, "");
            row.join(",")
        })
        .into();
    let bytes = workbook(vec![sheet(&PEOPLE)]);
    assert_eq!(parse(&bytes, &options()), Ok(read(csv.join("\n"))));
    for path in ["people.xlsx", "people", "people.csv"] {
        assert_eq!(Format::of(path.as_ref(), &bytes), Format::Xlsx, "{path}");
    }
}

#[test]
fn an_export_that_was_saved_as_a_workbook_is_recognized() {
    let export = sheet(&[
        &["id", "firstName", "lastName", "login", "email", "status", "lastLogin"],
        &["1", "Ada", "Lovelace", "ada@x.com", "ada@x.com", "ACTIVE"],
        &["2", "Bob", "Leaver", "bob@x.com", "bob@x.com", "DEPROVISIONED"],
    ]);
    let asked =
        Options { keep: parsed(&["status=active"]), ignore_other_columns: true, ..options() };
    let roster = parse(&workbook(vec![export]), &asked).expect("a roster");
    assert_eq!(emails(&roster), ["ada@x.com"]);
    assert_eq!(roster.source.left_out, [("status".to_owned(), 1)]);
}

#[test]
fn numbers_dates_and_booleans_are_read_as_they_are_shown() {
    let mut sheet =
        sheet(&[&["email", "admin", "metadata:cost", "metadata:share", "metadata:from"]]);
    let day = CellFormat::new().set_num_format("dd/mm/yyyy");
    sheet.write_string(1, 0, "ada@x.com").expect("a cell");
    sheet.write_boolean(1, 1, true).expect("a cell");
    sheet.write_number(1, 2, 1000).expect("a cell");
    sheet.write_number(1, 3, 0.5).expect("a cell");
    let date = ExcelDateTime::from_ymd(2026, 3, 1).expect("a date");
    sheet.write_datetime_with_format(1, 4, &date, &day).expect("a cell");
    let roster = parse(&workbook(vec![sheet]), &options()).expect("a roster");
    assert_eq!(roster.entries[0].admin, Some(true));
    assert_eq!(
        roster.entries[0].metadata.as_deref(),
        Some(r#"{"cost":1000,"from":"2026-03-01","share":0.5}"#)
    );
}

#[test]
fn a_date_by_which_a_person_has_left_needs_no_format_and_takes_one() {
    let mut sheet = sheet(&[
        &["Work Email", "First name", "Last name", "Employment status", "Termination date"],
        &["ada@x.com", "Ada", "Lovelace", "Active"],
        &["bob@x.com", "Bob", "Leaver", "Active"],
    ]);
    let day = CellFormat::new().set_num_format("d/m/yyyy");
    let date = ExcelDateTime::from_ymd(2026, 2, 3).expect("a date");
    sheet.write_datetime_with_format(2, 4, &date, &day).expect("a cell");
    let bytes = workbook(vec![sheet]);
    for date_format in [None, Some("%d/%m/%Y".to_owned())] {
        let asked = Options {
            maps: parsed(&["Work Email=email"]),
            ignore_columns: vec!["Employment status".to_owned()],
            leave_out: parsed(&["Termination date=2026-02-03", "Termination date=03/02/2026"]),
            date_format,
            ..options()
        };
        assert_eq!(emails(&parse(&bytes, &asked).expect("a roster")), ["ada@x.com"]);
    }
    assert!(today() > Date::constant(2026, 2, 3));
}

#[test]
fn of_several_sheets_one_must_be_named() {
    let named = |name: &str, email: &str| {
        let mut sheet = sheet(&[&["email"], &[email]]);
        sheet.set_name(name).expect("a name");
        sheet
    };
    let mut hidden = named("Old", "old@x.com");
    hidden.set_hidden(true);
    let sheets = vec![named("Staff", "ada@x.com"), hidden, Worksheet::new()];
    let bytes = workbook(sheets);
    assert_eq!(emails(&parse(&bytes, &options()).expect("a roster")), ["ada@x.com"]);
    let asked = |name: &str| Options { sheet: Some(name.to_owned()), ..options() };
    assert_eq!(emails(&parse(&bytes, &asked("Old")).expect("a roster")), ["old@x.com"]);
    assert_eq!(
        refusal(&bytes, &asked("staff")),
        "there is no sheet `staff`; the sheets are `Staff`, `Old`, `Sheet3`"
    );

    let bytes = workbook(vec![named("Staff", "ada@x.com"), named("Guests", "bob@x.com")]);
    assert_eq!(
        refusal(&bytes, &options()),
        "the workbook has several sheets; `--sheet` names one of `Staff`, `Guests`"
    );
    assert_eq!(
        refusal(&workbook(vec![Worksheet::new()]), &options()),
        "all visible sheets of the workbook are empty; `--sheet` names a hidden one"
    );
}

#[test]
fn a_cell_whose_value_is_not_known_is_refused() {
    let mut with_error = sheet(&[&["email", "first name"], &["ada@x.com"]]);
    let formula = |result: &str| Formula::new("=A1&B1").set_result(result);
    with_error.write_formula(1, 1, formula("#REF!")).expect("a cell");
    let bytes = workbook(vec![with_error]);
    assert_eq!(
        refusal(&bytes, &options()),
        "line 2, column 2: the cell has the error `#REF!`; mend it, or empty the cell"
    );

    let mut calculated = sheet(&[&["email", "first name"], &["ada@x.com"]]);
    calculated.write_formula(1, 1, formula("Ada")).expect("a cell");
    let bytes = workbook(vec![calculated]);
    let roster = parse(&bytes, &options()).expect("a roster");
    assert_eq!(roster.entries[0].first_name.as_deref(), Some("Ada"));
    // Excel writes an empty text as a result like this.
    let part = "xl/worksheets/sheet1.xml";
    let empty = altered(&bytes, part, "<v>Ada</v>", "<v></v>");
    assert_eq!(parse(&empty, &options()).expect("a roster").entries[0].first_name, None);
    let without = altered(&bytes, part, "<v>Ada</v>", "");
    assert_eq!(
        refusal(&without, &options()),
        "line 2, column 2: the cell has a formula without a result; open the workbook, calculate it, \
         and save it"
    );
}

#[test]
fn mistakes_are_named_by_row_and_column() {
    let bytes = workbook(vec![sheet(&[
        &["email", "admin"],
        &["ada@x.com", "maybe"],
        &[],
        &["bob@x.com", "no", "", "stray"],
    ])]);
    assert_eq!(
        refusal(&bytes, &options()),
        "line 2, column 2: admin: `maybe` is neither true, yes or 1 nor false, no or 0\nline 4: there \
         are 4 cells, and the first line names 2 columns; give each column a name, or empty the cells"
    );
    let long = workbook(vec![sheet(&[&["email"], &[&"a".repeat(32_767)]])]);
    assert_eq!(parse(&long, &options()).expect("a roster").entries[0].email.len(), 32_767);
    let wide = format!("<is><t>{}</t></is>", "a".repeat(65_537));
    let bytes = altered(
        &workbook(vec![sheet(&[&["email"], &["a"]])]),
        "xl/worksheets/sheet1.xml",
        r#"<c r="A2" t="s"><v>1</v></c>"#,
        &format!(r#"<c r="A2" t="inlineStr">{wide}</c>"#),
    );
    assert_eq!(
        refusal(&bytes, &options()),
        "line 2, column 1: the cell has 65537 bytes, and 65536 are the most"
    );
}

#[test]
fn options_for_other_formats_are_refused() {
    let bytes = workbook(vec![sheet(&[&["email"]])]);
    let asked = Options { encoding: Encoding::Windows1252, ..options() };
    assert_eq!(
        refusal(&bytes, &asked),
        "`--encoding` is for CSV and JSON files, and this is a workbook"
    );
    let asked = Options { sheet: Some("Staff".to_owned()), ..options() };
    for (format, this, formats) in [
        (Format::Csv, "a CSV file", "workbooks"),
        (Format::Json, "a JSON file", "CSV files and workbooks"),
    ] {
        let error = roster::parse(b"[]", format, &asked).expect_err("a refusal").to_string();
        assert_eq!(error, format!("`--sheet` is for {formats}, and this is {this}"));
    }
    let error = roster::write(&[], Format::Xlsx).expect_err("a refusal").to_string();
    assert_eq!(error, "workbooks are only read; write a file that ends in .csv or .json");
}

#[test]
fn a_damaged_or_hostile_workbook_is_refused() {
    let bytes = workbook(vec![sheet(&PEOPLE)]);
    let old = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &[0; 2048][..]].concat();
    assert!(
        refusal(&old, &options()).starts_with("this is a workbook of an older kind (.xls), or")
    );
    for cut in [4, 100, bytes.len() / 2, bytes.len() - 1] {
        let error = refusal(&bytes[..cut], &options());
        assert!(error.starts_with("the workbook can't be read: "), "{cut}: {error}");
    }
    let texts = "xl/sharedStrings.xml";
    let count = altered(&bytes, texts, "uniqueCount=\"", "uniqueCount=\"99999999999999");
    let error = refusal(&count, &options());
    assert!(error.contains("it claims more texts than it has"), "{error}");
    let rows = "xl/worksheets/sheet1.xml";
    let backwards = altered(&bytes, rows, "<row r=\"5\"", "<row r=\"1\"");
    let backwards = altered(&backwards, rows, "r=\"A5\"", "r=\"A1\"");
    assert!(refusal(&backwards, &options()).contains("its rows are not in order"));
}

#[test]
fn no_damage_to_a_part_causes_a_panic() {
    let bytes = workbook(vec![sheet(&PEOPLE)]);
    for part in
        ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]
    {
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).expect("an archive");
        let mut text = String::new();
        archive.by_name(part).expect("a part").read_to_string(&mut text).expect("text");
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).step_by(17).collect();
        for at in places {
            for with in ["", "<", "\"", "9999999999", "\u{0}", "ZZZZZZ"] {
                let damaged = format!("{}{with}{}", &text[..at], text.get(at + 3..).unwrap_or(""));
                // Whatever it says, it must return.
                let _ = parse(&altered(&bytes, part, &text, &damaged), &options());
            }
        }
    }
}

#[test]
fn of_very_many_sheets_one_must_be_named() {
    let sheets = (0..21).map(|at| {
        let mut sheet = sheet(if at == 20 { &PEOPLE } else { &[] });
        sheet.set_name(format!("S{at}")).expect("a name");
        sheet
    });
    let bytes = workbook(sheets.collect());
    let error = refusal(&bytes, &options());
    assert!(
        error.starts_with("the workbook has more than 20 sheets; `--sheet` names one"),
        "{error}"
    );
    let asked = Options { sheet: Some("S20".to_owned()), ..options() };
    assert_eq!(parse(&bytes, &asked).expect("a roster").entries.len(), 3);
}
