//! What spreadsheets make of a CSV file.

use roster::{Encoding, Format, Options, RowsOf};

use crate::{emails, options, read, read_with, refusal};

#[test]
fn every_separator_and_encoding_gives_the_same_roster() {
    let text = "email,last name,groups\r\nzoe@x,\"Müller, Dr.\",A;B\r\nbob@x,,\r\n";
    let expected = read(text);
    assert_eq!(expected.entries[0].last_name.as_deref(), Some("Müller, Dr."));
    let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
    };
    let tabs = "email\tlast name\tgroups\r\nzoe@x\tMüller, Dr.\tA;B\r\nbob@x\t\t\r\n";
    for file in [
        format!("\u{feff}{text}").into_bytes(),
        utf_16(text, u16::to_le_bytes),
        utf_16(tabs, u16::to_le_bytes),
        utf_16(tabs, u16::to_be_bytes),
        tabs.into(),
        "email|last name|groups\nzoe@x|Müller, Dr.|A;B\nbob@x||\n".into(),
        "email;last name;groups\nzoe@x;Müller, Dr.;\"A;B\"\nbob@x;;\n".into(),
    ] {
        assert_eq!(read(&file), expected, "{}", String::from_utf8_lossy(&file));
    }
    let named = read("sep=;\nemail;last name;groups\nzoe@x;Müller, Dr.;\"A;B\"\nbob@x;;\n");
    assert_eq!((named.entries, named.lines), (expected.entries.clone(), vec![3, 4]));

    let latin = b"email,last name,groups\nzoe@x,\"M\xfcller, Dr.\",A;B\nbob@x,,\n";
    let asked = Options { encoding: Encoding::Windows1252, ..options() };
    assert_eq!(read_with(latin, &asked), Ok(expected));
    assert!(refusal(latin, &options()).contains("`--encoding windows-1252`"));
}

#[test]
fn utf_16_is_read_as_json_too() {
    let json: Vec<u8> =
        "\u{feff}[{\"email\": \"zoë@x\"}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let roster = roster::parse(&json, Format::Json, &options()).expect("a roster");
    assert_eq!(emails(&roster), ["zoë@x"]);
}

#[test]
fn blank_rows_empty_columns_and_separators_at_the_end_are_skipped() {
    let roster =
        read(";;;;\nemail;;last name;;\na@x;;A\n;;;;\nb@x;;B;;;;;;\n\n;;\nc@x;;;;\n;;;;;;;\n");
    assert_eq!(emails(&roster), ["a@x", "b@x", "c@x"]);
    assert_eq!(roster.lines, [3, 5, 8]);
    assert_eq!(
        refusal("email,,admin,\na@x,x,yes,\nb@x,,yes,no\n", &options()),
        "line 2, column 2: the column has no name in the first line; give it one, or empty the cell\n\
         line 3: there are 4 cells, and the first line names 3 columns; a separator in a text needs \
         quotes around the text"
    );
}

#[test]
fn a_file_that_was_cut_inside_quotes_is_refused() {
    let whole = "email,last name\nada@x,\"King\"\nbob@x,\"B\"\n";
    assert_eq!(read(whole).entries.len(), 2);
    let error = refusal(&whole[..whole.len() - 3], &options());
    assert!(error.starts_with("line 3, column 2: a quotation mark opens here"), "{error}");
}

#[test]
fn a_cell_over_64_kib_is_refused() {
    let file = |bytes| format!("email,last name\na@x,{}\nb@x,B\n", "n".repeat(bytes));
    assert_eq!(read(file(64 << 10)).entries.len(), 2);
    let error = refusal(file((64 << 10) + 1), &options());
    assert!(error.starts_with("line 2, column 2: the cell has 65537 bytes"), "{error}");
}

#[test]
fn a_workbook_is_refused_with_what_to_do() {
    assert!(refusal(b"PK\x03\x04...", &options()).contains("save it as CSV"));
}

#[test]
fn a_file_of_endless_columns_or_rows_of_one_person_is_read_quickly() {
    let error = refusal(format!("email{}\n", ",groups".repeat(10_000)), &options());
    assert_eq!(error, "line 1: there are 10001 columns, and 1000 are the most");
    let cells = |cells: &str| refusal(format!("email\na@x{}\n", cells.repeat(16_384)), &options());
    for endless in [",", ",a"] {
        assert_eq!(cells(endless), "line 2: there are 16385 cells, and 16384 are the most");
    }
    let memberships = Options { rows: RowsOf::Memberships, ..options() };
    let rows: String = (0..100_000).map(|group| format!("a@x,{group}\n")).collect();
    let roster = read_with(format!("email,group\n{rows}"), &memberships).expect("a roster");
    assert_eq!((emails(&roster).len(), roster.entries[0].groups.len()), (1, 100_000));
}
