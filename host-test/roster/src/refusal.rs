//! Why a file is not a valid roster.

use std::fmt;

/// How many mistakes of a file are listed.
const MAX_LISTED: usize = 50;

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterError {
    /// The line, from 1; 0 if the error is about the whole file.
    pub line: u64,
    /// The number of the cell in CSV, or of the byte in the line in JSON, from 1; 0 if the error is
    /// about the whole line.
    pub column: u64,
    /// What is wrong, and what to do. It repeats at most a short piece of the file.
    pub message: String,
}

impl RosterError {
    pub(crate) fn new(line: u64, column: u64, message: impl Into<String>) -> Self {
        RosterError { line, column, message: message.into() }
    }
}

impl fmt::Display for RosterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => {}
            (line, 0) => write!(f, "line {line}: ")?,
            (line, column) => write!(f, "line {line}, column {column}: ")?,
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for RosterError {}

/// The mistakes of a file that is not a valid roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// At least one and at most 50, in the order of the file. Nothing is read after a mistake in the
    /// JSON itself, which is the only one then.
    pub errors: Vec<RosterError>,
    /// How many more there are.
    pub more: u64,
}

impl Refusal {
    pub(crate) fn add(&mut self, error: RosterError) {
        if self.errors.len() < MAX_LISTED {
            self.errors.push(error);
        } else {
            self.more += 1;
        }
    }
}

impl From<RosterError> for Refusal {
    fn from(error: RosterError) -> Self {
        Refusal { errors: vec![error], more: 0 }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_line_and_column_if_they_are_known() {
        let text = |line, column| RosterError::new(line, column, "bad").to_string();
        assert_eq!(text(3, 2), "line 3, column 2: bad");
        assert_eq!(text(3, 0), "line 3: bad");
        assert_eq!(text(0, 0), "bad");
    }

    #[test]
    fn a_refusal_lists_50_mistakes_and_counts_the_others() {
        let mut refusal = Refusal::default();
        for line in 1..=52 {
            refusal.add(RosterError::new(line, 0, "bad"));
        }
        let text = refusal.to_string();
        assert_eq!(text.lines().count(), 51);
        assert!(text.ends_with("line 50: bad\nand 2 more"), "{text}");
    }
}
