//! Filters: RFC 7644, section 3.4.2.2.

mod error;
mod matching;
mod parse;
mod tokens;

use serde_json::Value;

use super::attr::{AttrPath, Fields};
pub(super) use matching::{Matching, Scope};
pub(super) use parse::{Path, read, read_path};

/// A condition on a resource, or on one value of a multi-valued attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    /// All filters match.
    All(Vec<Filter>),
    /// At least one filter matches.
    Any(Vec<Filter>),
    /// The filter does not match.
    Not(Box<Filter>),
    /// A value of the attribute passes the test.
    Attribute(AttrPath, Test),
    /// A value of a multi-valued attribute matches, e.g. `emails[type eq "work"]`.
    Value {
        /// The multi-valued attribute.
        of: AttrPath,
        /// The filter in brackets, which the value must match.
        filter: Box<Filter>,
        /// A test that a sub-attribute of the same value must pass too. Entra ID writes
        /// `emails[type eq "work"].value eq "…"`.
        and: Option<(String, Test)>,
    },
}

/// A test of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// `pr`: the value is present.
    Present,
    /// The comparison with this value is true.
    Is(Operator, Value),
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    /// Returns the text that this attribute must equal for the filter to match, if there is one. It
    /// allows a fast check before the full match.
    pub(super) fn demands(&self, name: &str) -> Option<&str> {
        match self {
            Filter::All(filters) => filters.iter().find_map(|filter| filter.demands(name)),
            Filter::Attribute(path, Test::Is(Operator::Equal, Value::String(text)))
                if path.extension.is_none()
                    && path.part.is_none()
                    && path.name.eq_ignore_ascii_case(name) =>
            {
                Some(text)
            }
            _ => None,
        }
    }

    /// Returns a value that matches the filter: `{"type": "work"}` for `type eq "work"`. Returns
    /// `None` if the filter tests more than equality.
    pub(super) fn example(&self) -> Option<Fields> {
        match self {
            Filter::All(filters) => filters.iter().try_fold(Fields::new(), |mut all, filter| {
                all.append(&mut filter.example()?);
                Some(all)
            }),
            Filter::Attribute(path, Test::Is(Operator::Equal, value)) if path.part.is_none() => {
                Some(Fields::from_iter([(path.name.clone(), value.clone())]))
            }
            _ => None,
        }
    }
}
