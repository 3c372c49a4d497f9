//! Refuses what the contract has and this version does not support yet, before anything is sent.
//! No field that was given is silently ignored.

use alloc::format;
use core::fmt::Display;

use crate::error::{Code, Error, Result};

/// Refuses an unsupported field if it was given.
pub fn unless(not_given: bool, field: &dyn Display) -> Result<()> {
    if not_given { Ok(()) } else { Err(field_error(field)) }
}

/// Returns the error for a field that this version does not support.
pub fn field_error(field: &dyn Display) -> Error {
    Error::new(
        Code::OperationUnsupported,
        format!(
            "This version of the component does not support `{field}` yet. Leave it out; nothing \
             was sent."
        ),
    )
    .in_field(format!("{field}"))
}

/// Returns the error of a function that this version does not have.
pub fn function(name: &str) -> Error {
    Error::new(
        Code::OperationUnsupported,
        format!("This version of the component does not support `{name}` yet. Nothing was sent."),
    )
}
