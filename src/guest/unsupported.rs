//! What the contract has and this version does not do yet. A request that asks for it is refused
//! before anything is sent: nothing that was given is ignored.

use alloc::format;
use core::fmt::Display;

use crate::error::{Code, Error, Result};

/// Refuses a field that was given.
pub fn unless(not_given: bool, field: &dyn Display) -> Result<()> {
    if not_given { Ok(()) } else { Err(field_error(field)) }
}

/// The error for a field that asks for what this version does not do.
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

/// The error of a function that this version does not have.
pub fn function(name: &str) -> Error {
    Error::new(
        Code::OperationUnsupported,
        format!("This version of the component does not support `{name}` yet. Nothing was sent."),
    )
}
