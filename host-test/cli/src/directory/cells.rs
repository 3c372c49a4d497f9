//! CSV for spreadsheets.

use anyhow::Context;
use csv::{QuoteStyle, WriterBuilder};
use host_test::text::printable;

/// Writes rows as CSV for a spreadsheet. Every cell is in quotes, and a cell that a spreadsheet
/// would run as a formula gets an apostrophe before it, as OWASP says for CSV injection.
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
    let text = printable(cell);
    if begins_a_formula(cell) { format!("'{text}") } else { text.into_owned() }
}

/// Returns whether a spreadsheet may take a cell for a formula.
pub(crate) fn begins_a_formula(cell: &str) -> bool {
    // The last four are the full-width forms, which some spreadsheets take as well.
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
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
}
