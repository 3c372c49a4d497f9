//! What filters and paths are written in.

use super::parse::{InvalidFilter, invalid};

/// A piece of a filter.
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
    /// What was in quotes.
    Text(String),
}

/// Takes a text apart.
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

/// The length of the string in quotes that a text begins with.
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
