//! Why a text could not be read.

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is not JSON.
    Syntax,
    /// It ends too early.
    End,
    /// It is JSON of another shape than expected.
    Shape,
}

/// Why a text could not be read. Repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong with it.
    pub kind: Kind,
    /// How many bytes are before the place where that showed.
    pub at: usize,
}

impl Error {
    /// The place in the text as line and column, both from 1.
    pub fn place(&self, json: &[u8]) -> (usize, usize) {
        let before = &json[..self.at.min(json.len())];
        let lines = before.split(|byte| *byte == b'\n');
        lines.fold((0, 1), |(line, _), text| (line + 1, text.len() + 1))
    }
}
