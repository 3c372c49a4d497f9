//! What must hold of anything that comes from outside: answers of a server, the header
//! `Retry-After`, cursors, and roster files.
//!
//! Each target takes any bytes, has the component's code read them, and panics if something
//! that must hold does not. The fuzzer (`host-test/fuzz`) calls them with bytes that it makes
//! up; `cargo test` calls them with the ones in `corpora`. Nothing here sends anything or waits
//! for real time to pass.

pub mod answers;
pub mod cursor;
mod organisation;
pub mod retry_after;
pub mod rosters;
mod script;
mod world;

/// A target: whether it took the bytes, which is to say that they were read without an error.
pub type Target = fn(&[u8]) -> bool;

/// Every target, by the name of its fuzzer and of its folder in `corpora`.
pub const TARGETS: [(&str, Target); 5] = [
    ("answers", answers::read),
    ("cursor", cursor::read),
    ("retry_after", retry_after::read),
    ("roster_csv", rosters::read_csv),
    ("roster_json", rosters::read_json),
];
