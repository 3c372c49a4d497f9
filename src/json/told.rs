//! What a record says in a field.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// What a record says in a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told<T> {
    /// The field is not there.
    #[default]
    Nothing,
    /// It is `null`, which means the same, but stands for the field: it can't come again.
    Null,
    /// It has this value.
    Value(T),
}

/// A text, or another value as text.
pub type Text<'a> = Told<Cow<'a, str>>;

/// `true` or `false`.
pub type Flag = Told<bool>;

/// How many of something there are.
pub type Count = Told<u32>;

/// That there is a value, whatever it is.
pub type Presence = Told<()>;

/// That a field stands in a record twice.
#[derive(Clone, Copy, Debug)]
pub struct Twice;

impl<T> Told<T> {
    /// The value.
    pub fn value(self) -> Option<T> {
        match self {
            Told::Value(value) => Some(value),
            Told::Nothing | Told::Null => None,
        }
    }

    /// The value, where it is.
    pub fn get(&self) -> Option<&T> {
        match self {
            Told::Value(value) => Some(value),
            Told::Nothing | Told::Null => None,
        }
    }

    /// Whether there is a value.
    pub fn is_value(&self) -> bool {
        matches!(self, Told::Value(_))
    }

    /// Takes what the field says, once.
    pub(super) fn hear(&mut self, told: Told<T>) -> Result<(), Twice> {
        match self {
            Told::Nothing => {
                *self = told;
                Ok(())
            }
            Told::Null | Told::Value(_) => Err(Twice),
        }
    }
}

impl Text<'_> {
    /// The text, where it is; empty where there is none.
    pub fn as_str(&self) -> &str {
        self.get().map_or("", |text| text)
    }

    /// The text; empty where there is none.
    pub fn into_text(self) -> String {
        self.value().unwrap_or_default().into_owned()
    }

    /// The text, if it has any characters: to servers, nothing and the empty text are the same.
    pub fn filled(self) -> Option<String> {
        self.value().filter(|text| !text.is_empty()).map(Cow::into_owned)
    }
}

/// An object in a field of a record, which may be left out: its fields then say nothing.
#[derive(Debug, Default)]
pub struct Nested<R> {
    pub(super) told: Presence,
    /// What it says.
    pub record: R,
}

/// An array of records in a field, or of other values.
#[derive(Debug)]
pub struct List<R> {
    pub(super) told: Presence,
    pub(super) items: Vec<R>,
}

impl<R> Default for List<R> {
    fn default() -> Self {
        List { told: Told::Nothing, items: Vec::new() }
    }
}

impl<R> List<R> {
    /// What is in it, if the field is there.
    pub fn value(self) -> Option<Vec<R>> {
        self.told.is_value().then_some(self.items)
    }

    /// What is in it, where it is, if the field is there.
    pub fn get(&self) -> Option<&[R]> {
        self.told.is_value().then_some(&*self.items)
    }

    /// What is in it; nothing where there is no list.
    pub fn items(self) -> Vec<R> {
        self.items
    }

    /// Whether there is a list.
    pub fn is_value(&self) -> bool {
        self.told.is_value()
    }
}
