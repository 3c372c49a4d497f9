//! Parsing filters and paths.

use std::iter::Peekable;
use std::vec::IntoIter;

use serde_json::{Number, Value};

use super::error::{InvalidFilter, invalid};
use super::tokens::{Token, tokens};
use super::{Filter, Operator, Test};
use crate::scim::attr::AttrPath;

/// The maximum number of open brackets. It limits recursion; real filters stay far below it.
const MAX_DEPTH: usize = 32;

/// The target of a PATCH operation: `active`, `name.givenName`, `members[value eq "…"]`,
/// `emails[type eq "work"].value`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scim) struct Path {
    /// The attribute, with the sub-attribute, which may come after brackets.
    pub(in crate::scim) attribute: AttrPath,
    /// The filter in brackets, which selects values.
    pub(in crate::scim) filter: Option<Filter>,
}

/// Parses a filter.
pub(in crate::scim) fn read(text: &str) -> Result<Filter, InvalidFilter> {
    let mut parser = Parser::new(text)?;
    let filter = parser.any()?;
    parser.end()?;
    Ok(filter)
}

/// Parses a path.
pub(in crate::scim) fn read_path(text: &str) -> Result<Path, InvalidFilter> {
    let mut parser = Parser::new(text)?;
    let mut attribute = parser.attribute()?;
    let filter = if parser.takes(&Token::OpenBracket) {
        if attribute.part.is_some() {
            return invalid("a filter in brackets must follow an attribute, not a sub-attribute");
        }
        let filter = parser.value_filter()?;
        attribute.part = parser.part()?;
        Some(filter)
    } else {
        None
    };
    parser.end()?;
    Ok(Path { attribute, filter })
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, InvalidFilter> {
        Ok(Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0 })
    }

    fn takes(&mut self, token: &Token) -> bool {
        self.tokens.next_if_eq(token).is_some()
    }

    /// Takes this keyword, in any case.
    fn takes_word(&mut self, keyword: &str) -> bool {
        self.tokens
            .next_if(
                |token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword)),
            )
            .is_some()
    }

    fn end(&mut self) -> Result<(), InvalidFilter> {
        match self.tokens.next() {
            None => Ok(()),
            Some(_) => invalid("there is unexpected text at the end"),
        }
    }

    fn any(&mut self) -> Result<Filter, InvalidFilter> {
        let mut filters = vec![self.all()?];
        while self.takes_word("or") {
            filters.push(self.all()?);
        }
        Ok(one_or(filters, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, InvalidFilter> {
        let mut filters = vec![self.term()?];
        while self.takes_word("and") {
            filters.push(self.term()?);
        }
        Ok(one_or(filters, Filter::All))
    }

    fn term(&mut self) -> Result<Filter, InvalidFilter> {
        if self.takes(&Token::Open) {
            return self.within(&Token::Close);
        }
        if self.takes_word("not") {
            if !self.takes(&Token::Open) {
                return invalid("`not` needs parentheses");
            }
            return Ok(Filter::Not(Box::new(self.within(&Token::Close)?)));
        }
        let path = self.attribute()?;
        if !self.takes(&Token::OpenBracket) {
            return Ok(Filter::Attribute(path, self.test()?));
        }
        if path.part.is_some() {
            return invalid("a filter in brackets must follow an attribute, not a sub-attribute");
        }
        let filter = Box::new(self.value_filter()?);
        let and = match self.part()? {
            Some(part) => Some((part, self.test()?)),
            None => None,
        };
        Ok(Filter::Value { of: path, filter, and })
    }

    /// Parses the filter in brackets after an attribute.
    fn value_filter(&mut self) -> Result<Filter, InvalidFilter> {
        self.within(&Token::CloseBracket)
    }

    fn within(&mut self, end: &Token) -> Result<Filter, InvalidFilter> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return invalid("it is nested too deeply");
        }
        let filter = self.any()?;
        self.depth -= 1;
        if self.takes(end) { Ok(filter) } else { invalid("a bracket is not closed") }
    }

    fn attribute(&mut self) -> Result<AttrPath, InvalidFilter> {
        match self.tokens.next() {
            Some(Token::Word(word)) => match AttrPath::read(&word) {
                Some(path) => Ok(path),
                None => invalid(format!("`{word}` is not an attribute")),
            },
            _ => invalid("an attribute is missing"),
        }
    }

    /// Parses a sub-attribute right after brackets: `.value`.
    fn part(&mut self) -> Result<Option<String>, InvalidFilter> {
        let dotted = |token: &Token| matches!(token, Token::Word(word) if word.starts_with('.'));
        let Some(Token::Word(word)) = self.tokens.next_if(dotted) else {
            return Ok(None);
        };
        match AttrPath::read(&word[1..]) {
            Some(AttrPath { extension: None, name, part: None }) => Ok(Some(name)),
            _ => invalid(format!("`{word}` is not a sub-attribute")),
        }
    }

    fn test(&mut self) -> Result<Test, InvalidFilter> {
        let Some(Token::Word(word)) = self.tokens.next() else {
            return invalid("an operator is missing");
        };
        let operator = match word.to_ascii_lowercase().as_str() {
            "pr" => return Ok(Test::Present),
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "co" => Operator::Contains,
            "sw" => Operator::StartsWith,
            "ew" => Operator::EndsWith,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            _ => return invalid(format!("`{word}` is not an operator")),
        };
        let value = self.value()?;
        let fits = match operator {
            Operator::Equal | Operator::NotEqual => true,
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => value.is_string(),
            _ => value.is_string() || value.is_number(),
        };
        if fits {
            Ok(Test::Is(operator, value))
        } else {
            invalid(format!("`{word}` cannot compare with {value}"))
        }
    }

    fn value(&mut self) -> Result<Value, InvalidFilter> {
        let word = match self.tokens.next() {
            Some(Token::Text(text)) => return Ok(Value::String(text)),
            Some(Token::Word(word)) => word,
            _ => return invalid("a value is missing"),
        };
        match word.to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            _ => match serde_json::from_str::<Number>(&word) {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => invalid(format!("`{word}` is not a value; strings are in quotes")),
            },
        }
    }
}

/// Returns the only filter, or combines several.
fn one_or(mut filters: Vec<Filter>, together: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        Some(last) => {
            filters.push(last);
            together(filters)
        }
        None => together(filters),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{MAX_DEPTH, Path, read, read_path};
    use crate::scim::attr::AttrPath;
    use crate::scim::filter::{Filter, Operator, Test};

    fn name(text: &str) -> AttrPath {
        AttrPath::read(text).expect("a name")
    }

    fn equal(attribute: &str, value: Value) -> Filter {
        Filter::Attribute(name(attribute), Test::Is(Operator::Equal, value))
    }

    fn present(attribute: &str) -> Filter {
        Filter::Attribute(name(attribute), Test::Present)
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_override_both() {
        assert_eq!(
            read("a pr or b pr and c pr"),
            Ok(Filter::Any(vec![present("a"), Filter::All(vec![present("b"), present("c")])]))
        );
        assert_eq!(
            read("( a pr OR b pr )AND NOT(c pr)"),
            Ok(Filter::All(vec![
                Filter::Any(vec![present("a"), present("b")]),
                Filter::Not(Box::new(present("c"))),
            ]))
        );
    }

    #[test]
    fn values_are_json_values() {
        for (text, value) in [
            (r#""o'brien\"\\\u00e9 and""#, json!("o'brien\"\\\u{e9} and")),
            ("TRUE", json!(true)),
            ("null", json!(null)),
            ("-1.5e3", json!(-1500.0)),
        ] {
            assert_eq!(read(&format!("a Eq {text}")), Ok(equal("a", value)), "{text}");
        }
    }

    #[test]
    fn a_filter_in_brackets_selects_values() {
        let work = Box::new(equal("type", json!("work")));
        let of = name("emails");
        assert_eq!(
            read(r#"emails[type eq "work"]"#),
            Ok(Filter::Value { of: of.clone(), filter: work.clone(), and: None })
        );
        assert_eq!(
            read(r#"emails[type eq "work"].value sw "a""#),
            Ok(Filter::Value {
                of,
                filter: work,
                and: Some(("value".to_owned(), Test::Is(Operator::StartsWith, json!("a")))),
            })
        );
    }

    #[test]
    fn paths_are_parsed_with_and_without_a_filter() {
        assert_eq!(
            read_path("name.givenName"),
            Ok(Path { attribute: name("name.givenName"), filter: None })
        );
        assert_eq!(
            read_path(r#"emails[type eq "work"].value"#),
            Ok(Path {
                attribute: name("emails.value"),
                filter: Some(equal("type", json!("work")))
            })
        );
        for text in
            ["", "a b", "a[", "a[]", "a[b pr", "a[b pr]c", "a.b[c pr]", "a[b pr].c.d", "[a pr]"]
        {
            assert!(read_path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn invalid_filters_are_refused() {
        for text in [
            "",
            "a",
            "a eq",
            "a eq b",
            "a eq 'b'",
            "a eq \"b",
            "a eq \"\\x\"",
            "a is \"b\"",
            "a pr b",
            "a pr and",
            "a pr or or b pr",
            "not a pr",
            "(a pr",
            "a pr)",
            "a co true",
            "a gt false",
            "eq \"b\"",
            "a.b.c pr",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_limited_and_length_is_not() {
        let nested = |depth| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(read(&nested(MAX_DEPTH)), Ok(present("a")));
        assert!(read(&nested(MAX_DEPTH + 1)).is_err());
        assert!(read(&nested(100_000)).is_err());
        let long = vec!["a pr"; 100_000].join(" and ");
        assert!(matches!(read(&long), Ok(Filter::All(filters)) if filters.len() == 100_000));
    }

    #[test]
    fn a_filter_returns_its_demanded_text_and_its_example() {
        let filter = read(r#"active eq true and USERNAME eq "a" and title pr"#).expect("a filter");
        assert_eq!(filter.demands("userName"), Some("a"));
        let filter = read(r#"userName eq "a" or title pr"#).expect("a filter");
        assert_eq!(filter.demands("userName"), None);

        let filter = read(r#"type eq "work" and primary eq true"#).expect("a filter");
        let example = filter.example().map(Value::Object);
        assert_eq!(example, Some(json!({"type": "work", "primary": true})));
        assert_eq!(read("type pr").expect("a filter").example(), None);
    }
}
