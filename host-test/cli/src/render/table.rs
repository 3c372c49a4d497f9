//! Tables of text.

use unicode_width::UnicodeWidthStr;

use super::style::{HEADING, painted};

/// Renders a table. The cells must be printable. Columns are as wide as their widest cell; the last
/// one is not padded.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        cells.chain([header[at].width()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line += cell;
            line += &" ".repeat(width.saturating_sub(cell.width()) + 2);
        }
        line.trim_end().to_owned()
    };
    let mut text = format!("{}\n", painted(HEADING, &line(header)));
    for row in rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        text += &format!("{}\n", line(&cells));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_is_visible() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = table(&["a", "b"], &[row(["日本", "x"]), row(["é", ""]), row(["long", "y"])]);
        assert_eq!(plain(&text), "a     b\n日本  x\né\nlong  y\n");
    }
}
