//! Where in a value the reader is, and the first refusal.

use alloc::format;
use alloc::string::{String, ToString};
use core::cell::RefCell;

use serde::de::Error;

use crate::raised::Raised;
use crate::refusal::Refusal;

/// A step into a value. It is on the stack, so a path costs nothing before there is an error.
#[derive(Clone, Copy)]
enum Step<'a> {
    Top,
    Key(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

/// A place in a value.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    step: Step<'a>,
    refusal: &'a RefCell<Option<Refusal>>,
}

impl<'a> Place<'a> {
    pub(crate) fn top(refusal: &'a RefCell<Option<Refusal>>) -> Self {
        Place { step: Step::Top, refusal }
    }

    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Place { step: Step::Key(self, key), ..*self }
    }

    pub(crate) fn item(&'a self, index: usize) -> Self {
        Place { step: Step::Item(self, index), ..*self }
    }

    fn path(&self) -> String {
        match self.step {
            Step::Top => String::new(),
            Step::Key(up, key) => joined(up.path(), key),
            Step::Item(up, index) => format!("{}[{index}]", up.path()),
        }
    }

    /// Keeps what a derived implementation refused, and returns an error for the parser.
    pub(crate) fn keep<E: Error>(&self, raised: Raised) -> E {
        if let Raised::Here { key, problem } = raised {
            let field = match key {
                Some(key) => joined(self.path(), &key),
                None => self.path(),
            };
            self.refusal.borrow_mut().get_or_insert(Refusal::Form { field, problem });
        }
        E::custom("refused")
    }

    /// Returns the parser's error for a derived implementation. If nothing is kept, the error is the
    /// parser's own.
    pub(crate) fn raise<E: Error>(&self, error: E) -> Raised {
        let mut refusal = self.refusal.borrow_mut();
        refusal.get_or_insert_with(|| Refusal::Syntax(error.to_string()));
        Raised::Kept
    }
}

fn joined(path: String, key: &str) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}
