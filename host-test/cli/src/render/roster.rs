//! How a roster was read.

use ::roster::System;
use host_test::text::printable;

use super::words::count;
use crate::roster::Source;

/// Says how the file of this name was read, if not every row of it was, or if it was taken for an
/// export: the system, the rows and columns that were left out, and what the export can't say.
pub(crate) fn roster_read(name: &str, people: usize, source: &Source) -> Option<String> {
    let Source { system, left_out, unused_columns } = source;
    if system.is_none() && left_out.is_empty() {
        return None;
    }
    let system_read = system
        .map(|system| format!(" as an export of {} (--from {})", system.title(), system.name()));
    let mut text = format!(
        "{} was read{}: {}",
        printable(name),
        system_read.unwrap_or_default(),
        count(people, "person", "people")
    );
    for (column, rows) in left_out {
        text += &format!("; {rows} left out by `{}`", printable(column));
    }
    if *unused_columns > 0 {
        text += &format!("; {} not used", count(*unused_columns as usize, "column", "columns"));
    }
    if let Some(caveat) = system.and_then(System::caveat) {
        text += &format!("; {caveat}");
    }
    Some(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_and_what_was_left_out_are_named() {
        let source = Source {
            system: Some(System::Okta),
            left_out: vec![("Sta\u{202e}tus".to_owned(), 2)],
            unused_columns: 1,
        };
        let text = roster_read("a.csv", 1, &source).expect("a note");
        assert_eq!(
            text,
            "a.csv was read as an export of Okta (profiles) (--from okta): 1 person; 2 left out by \
             `Sta\\u{202e}tus`; 1 column not used; this export does not say who has left: it has \
             whoever was chosen for it\n"
        );
        let filtered = Source { system: None, unused_columns: 0, ..source };
        let text = roster_read("a.csv", 2, &filtered).expect("a note");
        assert_eq!(text, "a.csv was read: 2 people; 2 left out by `Sta\\u{202e}tus`\n");
        assert_eq!(
            roster_read("a.csv", 2, &Source { unused_columns: 3, ..Source::default() }),
            None
        );
    }
}
