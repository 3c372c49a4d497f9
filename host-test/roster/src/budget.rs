//! How many bytes the people of a file may take.

use crate::column::Column;
use crate::entry::{Clear, Entry};
use crate::extras::NamedColumn;
use crate::layout::Meaning;
use crate::{MAX_BYTES, RosterError};

/// The most bytes that all people may take. A file has the name of a column one time, and each person
/// has a copy of it; a short text takes many times its letters.
pub(crate) const MOST: usize = 8 * MAX_BYTES;

/// About how many bytes a text takes beside its letters: where it stands, and in the allocator.
const TEXT: usize = 64;

/// What is left for further people.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    left: usize,
}

impl Budget {
    pub(crate) fn new(most: usize) -> Budget {
        Budget { most, left: most }
    }

    /// Returns how many bytes one more person may take.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Takes bytes for a person, who is in this line.
    pub(crate) fn take(&mut self, bytes: usize, line: u64) -> Result<(), RosterError> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(RosterError::new(line, 0, self.spent())),
        }
    }

    /// Returns the message for a file whose people take too much.
    pub(crate) fn spent(&self) -> String {
        let most = self.most;
        format!(
            "the people up to here take more than {most} bytes, the most that a roster may: the \
             names of attributes and metadata keys count for each person; shorten them, or leave \
             columns or groups out"
        )
    }
}

/// Returns about how many bytes a text takes.
pub(crate) fn text(text: &str) -> usize {
    TEXT + text.len()
}

/// Returns about how many bytes a cell takes in a person.
pub(crate) fn cell(cell: &str, meaning: &Meaning, group_separator: &str) -> usize {
    let parts = |separator: &str| {
        let parts = cell.split(separator).map(str::trim).filter(|part| !part.is_empty());
        parts.map(text).sum()
    };
    match meaning {
        Meaning::Known(Column::Groups) => parts(group_separator),
        Meaning::Known(Column::FormerEmails) => parts(";"),
        Meaning::Known(_) => text(cell),
        Meaning::Named(NamedColumn::Attribute(name) | NamedColumn::Metadata(name)) => {
            text(name) + text(cell)
        }
    }
}

impl Entry {
    /// Returns about how many bytes a person takes.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.first_name, &self.last_name, &self.metadata].into_iter().flatten();
        let clear = self.clear.iter().map(|clear| match clear {
            Clear::MetadataKey(name) | Clear::Attribute(name) => text(name),
            Clear::FirstName | Clear::LastName | Clear::ProfilePhotoUrl => TEXT,
        });
        let own = texts.map(|of| text(of)).chain(clear).sum::<usize>();
        size_of::<Entry>() + text(&self.email) + own + self.size_of_lists()
    }

    /// Returns about how many bytes the parts take that a further row of the same person adds.
    pub(crate) fn size_of_lists(&self) -> usize {
        let groups = self.groups.iter().map(|group| text(&group.name));
        let former = self.former_emails.iter().map(|address| text(address));
        let attributes = self.attributes.iter().map(|(name, value)| text(name) + text(value));
        groups.chain(former).chain(attributes).sum()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Format, Options, Origin, Refusal, Roster, RowsOf, parse, parse_within};

    fn read(text: &str, options: &Options, most: usize) -> Result<Roster, Refusal> {
        let format = if text.starts_with('[') { Format::Json } else { Format::Csv };
        parse_within(text.as_bytes(), format, options, most)
    }

    fn size(text: &str, options: &Options) -> usize {
        let roster = parse_within(text.as_bytes(), Format::Csv, options, usize::MAX);
        roster.expect("a roster").entries.iter().map(super::Entry::size).sum()
    }

    #[test]
    fn the_names_of_columns_count_for_each_person() {
        let options = Options::default();
        for kind in ["attribute", "metadata"] {
            let text =
                |name: usize| format!("email,{kind}:{}\n{}", "n".repeat(name), "a@x,1\n".repeat(9));
            let (short, long) = (size(&text(1), &options), size(&text(101), &options));
            assert_eq!(long - short, 9 * 100, "{kind}");
            read(&text(101), &options, long).expect("as much as may be");
            let refusal = read(&text(101), &options, long - 1).expect_err("a refusal");
            let [error] = &refusal.errors[..] else { panic!("{refusal}") };
            assert_eq!((error.line, error.column), (10, 0), "{refusal}");
            assert!(error.message.contains("count for each person; shorten them"), "{refusal}");
        }
        let map = format!("Team=attribute:{}", "n".repeat(200)).parse().expect("a mapping");
        let options = Options { maps: vec![map], from: Origin::None, ..options };
        let size = size("email,Team\na@x,1\n", &options);
        assert!(size > 200 && read("email,Team\na@x,1\n", &options, size - 1).is_err(), "{size}");
    }

    #[test]
    fn what_is_short_in_a_file_counts_with_what_it_takes() {
        let options = Options::default();
        let many = "a;".repeat(1000);
        for column in ["groups", "former emails"] {
            let text = format!("email,{column}\na@x,{many}\n");
            assert!(size(&text, &options) > 20 * text.len(), "{column}");
            // It is refused before it takes that much.
            let refusal = read(&text, &options, 5000).expect_err("a refusal").to_string();
            assert!(refusal.starts_with("line 2: the people up to here take more"), "{refusal}");
        }
        let many = vec!["\"a\""; 1000].join(",");
        let names: Vec<String> = (0..100).map(|at| format!("\"{at}\":\"a\"")).collect();
        for field in [
            format!("\"groups\":[{many}]"),
            format!("\"former emails\":[{many}]"),
            format!("\"clear\":[{}]", many.replace("\"a\"", "{\"attribute\":\"a\"}")),
            format!("\"attributes\":{{{}}}", names.join(",")),
        ] {
            let text = format!("[{{\"email\":\"a@x\"}},\n{{\"email\":\"b@x\",{field}}}]");
            read(&text, &options, 200_000).expect("a roster");
            let refusal = read(&text, &options, 5000).expect_err("a refusal").to_string();
            assert!(refusal.starts_with("line 2"), "{field}: {refusal}");
            assert!(refusal.contains("take more than 5000 bytes"), "{field}: {refusal}");
        }
    }

    #[test]
    fn a_workbook_has_the_budget_of_a_csv_file() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let mut text = String::new();
        for row in 0..10 {
            let name = if row == 0 { ["email", "metadata:note"] } else { ["a@x", "text"] };
            for (column, cell) in [0, 1].into_iter().zip(name) {
                sheet.write_string(row, column, cell).expect("a cell");
            }
            text += &format!("{}\n", name.join(","));
        }
        let bytes = workbook.save_to_buffer().expect("a workbook");
        let options = Options::default();
        let size = size(&text, &options);
        parse_within(&bytes, Format::Xlsx, &options, size).expect("a roster");
        let refusal = parse_within(&bytes, Format::Xlsx, &options, size - 1);
        assert!(refusal.expect_err("a refusal").to_string().starts_with("line 10: the people"));
    }

    #[test]
    fn all_people_together_have_one_budget() {
        let person = |at: usize| format!("{{\"email\":\"{at}@x\",\"first_name\":\"Ada\"}}");
        let text = |people: usize| {
            format!("[{}]", (0..people).map(person).collect::<Vec<_>>().join(",\n"))
        };
        let options = Options::default();
        read(&text(10), &options, 10_000).expect("a roster");
        let refusal = read(&text(100), &options, 10_000).expect_err("a refusal");
        assert_eq!((refusal.errors.len(), refusal.more), (1, 0), "{refusal}");
    }

    #[test]
    fn a_further_row_of_a_person_counts_with_what_it_adds() {
        let options = Options { rows: RowsOf::Memberships, ..Options::default() };
        let long = "n".repeat(1000);
        let rows: String = (0..10).map(|at| format!("a@x,{long},group {at}\n")).collect();
        let text = format!("email,last name,groups\n{rows}");
        read(&text, &options, 4000).expect("a roster");
        assert!(read(&text, &options, 2000).is_err());
    }

    #[test]
    fn what_no_person_may_have_is_refused_while_it_is_read() {
        let error = |field: &str| {
            let text = format!("[{{\"email\":\"a@x\",{field}}}]");
            let refusal = parse(text.as_bytes(), Format::Json, &Options::default());
            refusal.map(|_| ()).map_err(|refusal| refusal.to_string())
        };
        let fields = |count: usize, value: &str| {
            (0..count).map(|at| format!("\"{at}\":{value}")).collect::<Vec<_>>().join(",")
        };
        assert_eq!(error(&format!("\"attributes\":{{{}}}", fields(100, "1"))), Ok(()));
        assert_eq!(error(&format!("\"attributes\":{{{}}}", fields(200, "null"))), Ok(()));
        let refused = error(&format!("\"attributes\":{{{}}}", fields(101, "1")));
        assert!(refused.expect_err("a refusal").contains("100 attributes are the most"));
        let refused = error(&format!("\"metadata\":{{{}}}", fields(20_000, "1")));
        assert!(refused.expect_err("a refusal").contains("65536 bytes are the most"));
        let refused = error(&fields(1000, "1")).expect_err("a refusal");
        assert!(refused.contains("1000 fields are the most"), "{refused}");
    }
}
