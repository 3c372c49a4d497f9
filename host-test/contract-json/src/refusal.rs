//! Why a text is not a value.

use alloc::string::String;
use core::fmt;

/// Why a text is not a value of the contract.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The text is not JSON. The reason has a line and a column, where known.
    Syntax(String),
    /// The text is JSON of another form.
    Form {
        /// The path of the field, e.g. `request.groups[1].name`; empty for the whole value.
        field: String,
        /// What is wrong with it, as the rest of a sentence: `must be a string`.
        problem: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Syntax(reason) => write!(f, "it is not JSON: {reason}"),
            Refusal::Form { field, problem } if field.is_empty() => write!(f, "it {problem}"),
            Refusal::Form { field, problem } => write!(f, "{field} {problem}"),
        }
    }
}

impl core::error::Error for Refusal {}
