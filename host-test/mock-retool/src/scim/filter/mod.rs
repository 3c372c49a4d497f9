//! Filters: RFC 7644, section 3.4.2.2.

mod matching;
mod parse;
mod tokens;

use serde_json::Value;

use super::attr::{AttrPath, Fields};
pub(super) use matching::{Matching, Scope};
pub(super) use parse::{Path, read, read_path};

/// What a resource, or one of many values, is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    /// All of them hold.
    All(Vec<Filter>),
    /// One of them holds.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A value of the attribute passes the test.
    Attribute(AttrPath, Test),
    /// One of many values, e.g. `emails[type eq "work"]`.
    Value {
        /// The attribute that has them.
        of: AttrPath,
        /// What holds for the value.
        filter: Box<Filter>,
        /// What holds for a sub-attribute of it as well, as Entra ID writes:
        /// `emails[type eq "work"].value eq "…"`.
        and: Option<(String, Test)>,
    },
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// `pr`: it is there.
    Present,
    /// It compares so with this.
    Is(Operator, Value),
}

/// How two values compare.
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
    /// The text that this attribute must equal for the filter to hold, if there is one: what
    /// differs from it need not be looked at.
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

    /// The value that the filter is made for: `{"type": "work"}` for `type eq "work"`. `None` if
    /// it asks for more than equality.
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
