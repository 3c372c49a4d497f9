//! Values that most records do not have.

use alloc::boxed::Box;
use core::fmt;
use core::ops::{Deref, DerefMut};

/// A value that most records do not have. Empty, it takes no more memory than a pointer, of which a
/// listing has many.
#[derive(Clone)]
pub struct Rare<T>(Option<Box<T>>);

/// A value that can be empty.
pub trait Empty: Default + PartialEq + 'static {
    /// The empty value.
    const EMPTY: &'static Self;
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Rare(None)
    }
}

impl<T: Empty> From<T> for Rare<T> {
    fn from(value: T) -> Self {
        Rare((value != *T::EMPTY).then(|| Box::new(value)))
    }
}

impl<T: Empty> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Empty> Rare<T> {
    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.0.map_or_else(T::default, |value| *value)
    }
}

impl<T: Empty> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Empty + fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{Rare, Times};

    #[test]
    fn an_empty_value_is_the_same_whether_it_was_written_or_not() {
        let never: Rare<Times> = Rare::default();
        let mut emptied = never.clone();
        emptied.created_at = Some("2026-01-01T00:00:00Z".into());
        assert_ne!(emptied, never);
        emptied.created_at = None;
        assert_eq!(emptied, never);
        assert_eq!(Rare::from(Times::default()), never);
        assert_eq!(emptied.into_inner(), Times::default());
    }
}
