//! Names of cases.

use alloc::string::String;

use heck::ToKebabCase;

/// Converts a case's name in Rust to its WIT name: `ReEnabled` to `re-enabled`. A WIT name stays
/// as it is.
pub fn wit_name(variant: &str) -> String {
    variant.to_kebab_case()
}
