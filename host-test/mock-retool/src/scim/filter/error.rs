//! The error of filters and paths that can't be read.

use std::fmt;

/// The reason why a filter or path is invalid.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scim) struct InvalidFilter(String);

impl fmt::Display for InvalidFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns an error with this reason.
pub(super) fn invalid<T>(why: impl Into<String>) -> Result<T, InvalidFilter> {
    Err(InvalidFilter(why.into()))
}
