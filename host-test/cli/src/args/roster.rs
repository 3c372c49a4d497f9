//! The arguments that say how a roster is read.

use std::path::PathBuf;

use ::roster::{Condition, Date, Encoding, Mapping, Options, Origin, RowsOf, System};
use clap::builder::PossibleValue;
use clap::{ArgAction, Args, ValueEnum};

use crate::files::Input;

#[derive(Debug, Args)]
#[command(next_help_heading = "The roster")]
pub(crate) struct RosterArgs {
    /// The file with the people: CSV, a workbook (.xlsx) or JSON; `-` is standard input.
    #[arg(long = "roster", value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// The system that exported the file. By default it is found out by the names of the columns;
    /// `none` takes the file for no export.
    #[arg(long, value_name = "SYSTEM")]
    from: Option<Exporter>,
    /// What a column means, e.g. 'Work email=email'.
    #[arg(long = "map", value_name = "COLUMN=MEANING", action = ArgAction::Append)]
    maps: Vec<Mapping>,
    /// A column that is left out, also if it looks as if it said who has left.
    #[arg(long = "ignore-column", value_name = "COLUMN", action = ArgAction::Append)]
    ignore_columns: Vec<String>,
    /// Leave out all columns that have no meaning, but not those that look as if they said who has
    /// left.
    #[arg(long)]
    ignore_other_columns: bool,
    /// Read only rows with this value, e.g. 'Status=ACTIVE'; several for one column name all values
    /// that stay.
    #[arg(long = "where", value_name = "COLUMN=VALUE", action = ArgAction::Append)]
    keep: Vec<Condition>,
    /// Leave out rows with this value, e.g. 'accountEnabled=False'.
    #[arg(long = "where-not", value_name = "COLUMN=VALUE", action = ArgAction::Append)]
    leave_out: Vec<Condition>,
    /// What a row is.
    #[arg(long, value_enum, default_value_t = Rows::People)]
    rows: Rows,
    /// What separates the groups of a cell; `;` by default, and for --from okta-rockstar `,`.
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    group_separator: Option<String>,
    /// How dates are written, e.g. '%d/%m/%Y'. By default a date that could be two is refused.
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<String>,
    /// The sheet of a workbook. By default it is the only one that is visible and not empty.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// The encoding of a file without a byte-order mark.
    #[arg(long, value_enum, default_value_t = TextEncoding::Utf8)]
    encoding: TextEncoding,
}

/// A system, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exporter(Origin);

impl ValueEnum for Exporter {
    fn value_variants<'a>() -> &'a [Self] {
        const SYSTEMS: [Exporter; System::ALL.len() + 1] = {
            let mut systems = [Exporter(Origin::None); System::ALL.len() + 1];
            let mut at = 0;
            while at < System::ALL.len() {
                systems[at] = Exporter(Origin::System(System::ALL[at]));
                at += 1;
            }
            systems
        };
        &SYSTEMS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self.0 {
            Origin::System(system) => Some(PossibleValue::new(system.name()).help(system.title())),
            Origin::None => Some(PossibleValue::new("none").help("No system")),
            Origin::Detected => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rows {
    /// A person.
    People,
    /// A membership: rows with one address are one person.
    Memberships,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TextEncoding {
    /// UTF-8.
    #[value(name = "utf-8")]
    Utf8,
    /// Windows-1252, as Excel saves CSV in western Europe and America.
    #[value(name = "windows-1252")]
    Windows1252,
}

impl RosterArgs {
    /// Returns how the file is read on this day.
    pub(crate) fn options(&self, today: Date) -> Options {
        let RosterArgs {
            path: _,
            from,
            maps,
            ignore_columns,
            ignore_other_columns,
            keep,
            leave_out,
            rows,
            group_separator,
            date_format,
            sheet,
            encoding,
        } = self;
        Options {
            encoding: match encoding {
                TextEncoding::Utf8 => Encoding::Utf8,
                TextEncoding::Windows1252 => Encoding::Windows1252,
            },
            from: from.map_or(Origin::Detected, |Exporter(origin)| origin),
            maps: maps.clone(),
            ignore_columns: ignore_columns.clone(),
            ignore_other_columns: *ignore_other_columns,
            rows: match rows {
                Rows::People => RowsOf::People,
                Rows::Memberships => RowsOf::Memberships,
            },
            group_separator: group_separator.clone(),
            keep: keep.clone(),
            leave_out: leave_out.clone(),
            date_format: date_format.clone(),
            sheet: sheet.clone(),
            today: Some(today),
        }
    }

    /// Returns the name of the file for messages.
    pub(crate) fn name(&self) -> PathBuf {
        Input::of(&self.path).name().to_owned()
    }
}
