//! Names of cases.

use alloc::string::String;

/// Converts a case's name in Rust to its WIT name: `ReEnabled` to `re-enabled`. A WIT name stays
/// as it is.
pub fn wit_name(variant: &str) -> String {
    let mut name = String::with_capacity(variant.len() + 2);
    for (at, letter) in variant.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
