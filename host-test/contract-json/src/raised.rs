//! Errors of derived implementations.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt::{self, Display};

use serde::de::{Error, Expected, Unexpected};

/// An error of a derived implementation.
#[derive(Debug)]
pub(crate) enum Raised {
    /// Something is wrong with the value at this place, or with one of its keys.
    Here { key: Option<String>, problem: String },
    /// The value has another type; the reader knows which it must have.
    Type,
    /// It is kept already.
    Kept,
}

impl Raised {
    pub(crate) fn here(problem: impl Into<String>) -> Self {
        Raised::Here { key: None, problem: problem.into() }
    }

    /// Says what the value must be, where only that is known.
    pub(crate) fn or_must_be(self, what: &str) -> Self {
        match self {
            Raised::Type => Raised::here("must be ".to_owned() + what),
            other => other,
        }
    }
}

impl Error for Raised {
    fn custom<T: Display>(message: T) -> Self {
        Raised::here("can't be used: ".to_owned() + &message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Raised::Type
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Raised::Type
    }

    fn missing_field(field: &'static str) -> Self {
        Raised::Here { key: Some(field.to_owned()), problem: "is missing".to_owned() }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Raised::Here { key: Some(field.to_owned()), problem: "is given twice".to_owned() }
    }
}

impl Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl core::error::Error for Raised {}
