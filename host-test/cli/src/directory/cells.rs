//! CSV for spreadsheets.

use anyhow::Context;
use csv::{QuoteStyle, WriterBuilder};
use host_test::text::printable;

/// Writes rows as CSV for a spreadsheet. Every cell is in quotes, and what a spreadsheet would run as a
/// formula gets an apostrophe before it, as OWASP says for CSV injection.
pub(crate) fn csv(header: &[&str], rows: &[Vec<String>]) -> anyhow::Result<String> {
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(header).context("the header could not be written")?;
    for row in rows {
        writer
            .write_record(row.iter().map(|cell| harmless(cell)))
            .context("a row could not be written")?;
    }
    let bytes = writer.into_inner().context("the rows could not be written")?;
    Ok(String::from_utf8(bytes)?)
}

fn harmless(cell: &str) -> String {
    let (mut text, mut written) = (String::with_capacity(cell.len()), 0);
    for at in formulas(cell) {
        text += &printable(&cell[written..at]);
        text.push('\'');
        written = at;
    }
    text + &printable(&cell[written..])
}

/// Returns whether a spreadsheet may take a cell, or a part of it, for a formula.
pub(crate) fn has_formula(cell: &str) -> bool {
    formulas(cell).next().is_some()
}

/// Returns where a spreadsheet may take the text for a formula: at its beginning, and after each
/// character that separates cells in some country. Where that is not the comma, the quotes of a cell do
/// not begin a field of the spreadsheet, and so protect nothing.
fn formulas(cell: &str) -> impl Iterator<Item = usize> {
    let mut begins = true;
    cell.char_indices().filter_map(move |(at, letter)| {
        let is_formula = begins && is_operator(letter) || at == 0 && is_break(letter);
        begins = match letter {
            ';' | ',' | '|' => true,
            _ if is_break(letter) => true,
            '"' => begins,
            _ => begins && letter.is_whitespace(),
        };
        is_formula.then_some(at)
    })
}

/// Returns whether a formula may begin with this character.
fn is_operator(letter: char) -> bool {
    // The last four are the full-width forms, which some spreadsheets take as well.
    matches!(letter, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
}

/// Returns whether a character ends a cell in a copied table.
fn is_break(letter: char) -> bool {
    matches!(letter, '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_neutralised_and_nothing_else_is_changed() {
        let row = ["=1+1", "+49", "-x", "@SUM(A1)", "\tx", "＝1", "a=1", "a\"b", "a\u{1b}b", ""];
        let text = csv(&["a"; 10], &[row.map(str::to_owned).to_vec()]).expect("CSV");
        let row = text.lines().nth(1).expect("a row");
        assert_eq!(
            row,
            "\"'=1+1\",\"'+49\",\"'-x\",\"'@SUM(A1)\",\"'\\tx\",\"'＝1\",\"a=1\",\"a\"\"b\",\
             \"a\\u{1b}b\",\"\""
        );
    }

    /// Reads a file as a spreadsheet does whose cells are separated by this character: quotes count only
    /// at the beginning of a cell.
    fn opened(text: &str, separator: u8) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.delimiter(separator).has_headers(false).flexible(true);
        let mut reader = reader.from_reader(text.as_bytes());
        let rows = reader.records().map(|row| row.expect("a row"));
        rows.flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn no_cell_is_a_formula_wherever_a_spreadsheet_separates_cells() {
        for separator in [";", ",", "\t", "|", "\n", "\r\n"] {
            for before in ["", " ", "  ", "\"", "\"\"", " \"", "\u{a0}", ";", ", ;", "\t"] {
                for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＠x"] {
                    let cell = format!("x{separator}{before}{formula}");
                    assert!(has_formula(&cell), "{cell:?}");
                    let rows = [vec!["Ada".to_owned(), cell.clone(), formula.to_owned()]];
                    let text = csv(&["a", "b", "c"], &rows).expect("CSV");
                    for separator in *b";,\t|" {
                        for cell in opened(&text, separator) {
                            let cell = cell.trim_start_matches(['"', ' ', '\u{a0}']);
                            assert!(!cell.starts_with(is_operator), "{cell:?} in {text:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn each_formula_of_a_cell_gets_an_apostrophe() {
        for (cell, expected) in [
            ("Sales; =1+1;-x, +1", "Sales; '=1+1;'-x, '+1"),
            ("a;\"=1", "a;\"'=1"),
            ("é;\u{1b};＝1", "é;\\u{1b};'＝1"),
            ("a\t=1", "a\\t'=1"),
        ] {
            assert_eq!(harmless(cell), expected);
        }
        for kept in ["a=1; b=2", "a-b, c+d", "ada@x.com;bob@x.com", "a; 'b", "O'Brien, -", ""] {
            let expected = if kept == "O'Brien, -" { "O'Brien, '-" } else { kept };
            assert_eq!(harmless(kept), expected);
        }
    }
}
