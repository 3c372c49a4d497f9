//! The tokens of filters and paths.

use super::error::{InvalidFilter, invalid};

/// A token of a filter or path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `[`.
    OpenBracket,
    /// `]`.
    CloseBracket,
    /// A name, an operator, a number, or `true`, `false` and `null`.
    Word(String),
    /// A quoted string, decoded.
    Text(String),
}

/// Splits a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, InvalidFilter> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => quoted(rest)?,
            '(' | ')' | '[' | ']' => 1,
            _ => rest
                .find(|char: char| char.is_whitespace() || "()[]\"".contains(char))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenBracket,
            ']' => Token::CloseBracket,
            '"' => match serde_json::from_str(token) {
                Ok(text) => Token::Text(text),
                Err(_) => return invalid(format!("{token} is not a string in JSON")),
            },
            _ => Token::Word(token.to_owned()),
        });
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// Returns the length of the quoted string at the start of a text.
fn quoted(text: &str) -> Result<usize, InvalidFilter> {
    let mut is_escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            '"' if !is_escaped => return Ok(at + 1),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    invalid("a quotation mark is missing")
}
