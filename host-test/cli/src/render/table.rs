//! Tables of text.

use unicode_width::UnicodeWidthStr;

use super::style::{HEADING, painted};

/// The most characters of a cell, but for the last one of a row. Each row is padded to the widest
/// cell of its column.
const MOST: usize = 80;

/// Renders a table. The cells must be printable. Columns are as wide as their widest cell; the last
/// one is not padded, and longer cells of the others are cut.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let last = header.len().saturating_sub(1);
    let cut_row = |row: &Vec<String>| -> Vec<String> {
        let cells = row.iter().enumerate();
        cells.map(|(at, cell)| if at < last { cut(cell) } else { cell.clone() }).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cut_row).collect();
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
    for row in &rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        text += &format!("{}\n", line(&cells));
    }
    text
}

fn cut(cell: &str) -> String {
    match cell.char_indices().nth(MOST) {
        Some(_) => cell.chars().take(MOST - 1).chain(['…']).collect(),
        None => cell.to_owned(),
    }
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

    #[test]
    fn a_long_cell_is_cut_unless_it_is_the_last_one() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let long = "l".repeat(81);
        let text = plain(&table(&["a", "b"], &[row([&long, &long]), row([&long[1..], "x"])]));
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines, [format!("{}…  {long}", &long[..79]), format!("{}  x", &long[1..])]);
    }
}
