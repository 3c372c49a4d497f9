//! How a file is read.

use std::str::FromStr;

use jiff::civil::Date;

use crate::layout::Meaning;
use crate::{Encoding, Format, System, excerpt};

/// How a file is read. By default, the columns have the roster's own names, or are those of a system
/// that is found out by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The encoding of a file without a byte-order mark.
    pub encoding: Encoding,
    /// The system that exported the table.
    pub from: Origin,
    /// What columns of the table mean. They precede what the names of the columns say.
    pub maps: Vec<Mapping>,
    /// Names of columns of the table that are left out, also if they look like a status.
    pub ignore_columns: Vec<String>,
    /// Whether all other columns are left out; not those that look like a status.
    pub ignore_other_columns: bool,
    /// What a row of the table is.
    pub rows: RowsOf,
    /// What separates the groups of a cell; `;` by default, and what the system writes in its
    /// export.
    pub group_separator: Option<String>,
    /// Only these rows are read. Of the conditions for one column, one must hold. They replace the
    /// system's own filter of the column.
    pub keep: Vec<Condition>,
    /// Rows for which one of these holds are left out.
    pub leave_out: Vec<Condition>,
    /// The form of dates, as `strptime` has it, e.g. `%d/%m/%Y`. By default dates are read only if
    /// no other date can be meant.
    pub date_format: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// Today. People whose last day was before it have left. A file with such a column is refused
    /// without it.
    pub today: Option<Date>,
}

impl Options {
    /// Says which option that is given is not for files of this format.
    pub(crate) fn unfit(&self, format: Format) -> Option<String> {
        let unfit =
            |option, formats, this| format!("`--{option}` is for {formats}, and this is {this}");
        let sheet = self.sheet.as_ref().map(|_| "sheet");
        match format {
            Format::Csv => sheet.map(|option| unfit(option, "workbooks", "a CSV file")),
            Format::Json => self
                .only_for_tables()
                .or(sheet)
                .map(|option| unfit(option, "CSV files and workbooks", "a JSON file")),
            Format::Xlsx => (self.encoding != Encoding::default())
                .then(|| unfit("encoding", "CSV and JSON files", "a workbook")),
        }
    }

    /// Returns the name of an option that is given and only for tables.
    fn only_for_tables(&self) -> Option<&'static str> {
        let given = [
            (matches!(self.from, Origin::System(_)), "from"),
            (!self.maps.is_empty(), "map"),
            (!self.ignore_columns.is_empty(), "ignore-column"),
            (self.ignore_other_columns, "ignore-other-columns"),
            (self.rows != RowsOf::People, "rows"),
            (self.group_separator.is_some(), "group-separator"),
            (!self.keep.is_empty(), "where"),
            (!self.leave_out.is_empty(), "where-not"),
            (self.date_format.is_some(), "date-format"),
        ];
        given.into_iter().find_map(|(given, name)| given.then_some(name))
    }
}

/// Which system exported a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It is found out by the names of the columns.
    #[default]
    Detected,
    /// None: only the roster's own names and the mappings count.
    None,
    /// This one.
    System(System),
}

/// What a row of a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowsOf {
    /// A person.
    #[default]
    People,
    /// A person's membership in a group. Rows with one address become one person.
    Memberships,
}

/// What a column means, written as `Work email=email`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The column's name in the file.
    pub(crate) header: String,
    pub(crate) meaning: Meaning,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (header, meaning) = text
            .rsplit_once('=')
            .filter(|(header, _)| !header.trim().is_empty())
            .ok_or("write the column, `=` and what it means, e.g. `Work email=email`")?;
        let meaning = Meaning::of(meaning.trim())
            .ok_or_else(|| format!("`{}` is not one of {}", excerpt(meaning), Meaning::names()))?;
        Ok(Mapping { header: header.trim().to_owned(), meaning })
    }
}

/// A value of a column, written as `Status=ACTIVE`. Nothing after the `=` is an empty cell. Case and
/// outer spaces are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column's name in the file.
    pub(crate) header: String,
    /// In small letters.
    pub(crate) value: String,
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (header, value) = text
            .split_once('=')
            .filter(|(header, _)| !header.trim().is_empty())
            .ok_or("write the column, `=` and a value, e.g. `Status=ACTIVE`")?;
        Ok(Condition { header: header.trim().to_owned(), value: value.trim().to_lowercase() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Column;

    #[test]
    fn a_mapping_is_a_column_and_what_it_means() {
        let mapping: Mapping = " a=b = First Name".parse().expect("a mapping");
        assert_eq!(mapping.header, "a=b");
        assert_eq!(mapping.meaning, Meaning::Known(Column::FirstName));
        for wrong in ["email", "=email", " =email"] {
            assert!(wrong.parse::<Mapping>().expect_err("a refusal").contains("e.g."), "{wrong}");
        }
        let error = "Phone=phone".parse::<Mapping>().expect_err("a refusal");
        assert!(error.starts_with("`phone` is not one of email, first name, "), "{error}");
    }

    #[test]
    fn a_condition_is_a_column_and_a_value() {
        let condition: Condition = "Status = On=Leave ".parse().expect("a condition");
        assert_eq!((&*condition.header, &*condition.value), ("Status", "on=leave"));
        let empty: Condition = "Status=".parse().expect("a condition");
        assert_eq!(empty.value, "");
        assert!("Status".parse::<Condition>().is_err() && "=a".parse::<Condition>().is_err());
    }
}
