//! JSON as the servers of Retool's APIs write it, and as they are sent it.
//!
//! What is read goes into slots that records name one by one, so there is one decoder for all
//! of them, compiled once, and most of a text is passed over. Text is borrowed from the body where
//! it has no escapes, and numbers stay as they are written, to the last digit. A general library
//! brings floating point and the words for every way in which a value can be wrong, neither of
//! which is of use here: fifty kilobytes.
//!
//! Reading is lenient in what a record has (fields that are not known are skipped, and those
//! that are known may be missing or `null`) and strict in its shape: a value of another type is
//! an error, a field that stands twice too, and only an object is a record.

mod error;
mod fields;
mod read;
mod text;
mod told;
mod write;

pub use error::{Error, Kind};
pub use fields::Fields;
pub use read::{Items, Record, Slot, read, read_record};
pub use told::{Count, Flag, List, Nested, Presence, Text, Told};
pub use write::{Object, array, quoted};

#[cfg(test)]
mod tests;
