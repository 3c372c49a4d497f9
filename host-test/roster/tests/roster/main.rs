//! Reads rosters as people and systems write them.

mod columns;
mod exports;
mod filters;
mod mistakes;
mod spreadsheets;
mod workbooks;

use roster::{Date, Format, Options, Refusal, Roster};

/// The day of the tests.
pub fn today() -> Date {
    roster::Date::constant(2026, 3, 9)
}

pub fn options() -> Options {
    Options { today: Some(today()), ..Options::default() }
}

pub fn read_with(file: impl AsRef<[u8]>, options: &Options) -> Result<Roster, Refusal> {
    roster::parse(file.as_ref(), Format::Csv, options)
}

pub fn read(file: impl AsRef<[u8]>) -> Roster {
    read_with(file, &options()).unwrap_or_else(|refusal| panic!("{refusal}"))
}

pub fn refusal(file: impl AsRef<[u8]>, options: &Options) -> String {
    read_with(file, options).expect_err("a refusal").to_string()
}

pub fn emails(roster: &Roster) -> Vec<&str> {
    roster.entries.iter().map(|entry| entry.email.as_str()).collect()
}

pub fn parsed<T: std::str::FromStr<Err = String>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().expect("a condition or mapping")).collect()
}
