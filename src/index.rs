//! Maps and sets by text, compiled once. The standard library compiles a whole tree for each
//! type of key and of value, five kilobytes at a time; here one tree knows the places of values
//! that stand in plain vectors.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::domain::{Email, GroupId, GroupIdKind, GroupRef, UserId};

/// What something is found by: a text, and what kind of text it is. Ordered as what it is made
/// from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key<'a> {
    kind: u8,
    text: Cow<'a, str>,
}

impl<'a> Key<'a> {
    fn new(kind: u8, text: &'a str) -> Self {
        Key { kind, text: Cow::Borrowed(text) }
    }

    /// A key that borrows nothing.
    pub fn into_owned(self) -> Key<'static> {
        Key { kind: self.kind, text: Cow::Owned(self.text.into_owned()) }
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(text: &'a str) -> Self {
        Key::new(0, text)
    }
}

impl<'a> From<&'a Email> for Key<'a> {
    fn from(email: &'a Email) -> Self {
        Key::new(0, email.key())
    }
}

impl<'a> From<&'a UserId> for Key<'a> {
    fn from(id: &'a UserId) -> Self {
        Key::new(id.dialect as u8, &id.value)
    }
}

impl<'a> From<&'a GroupId> for Key<'a> {
    fn from(id: &'a GroupId) -> Self {
        Key::from((id.kind, id.value.as_str()))
    }
}

impl<'a> From<(GroupIdKind, &'a str)> for Key<'a> {
    fn from((kind, id): (GroupIdKind, &'a str)) -> Self {
        Key::new(kind as u8, id)
    }
}

impl<'a> From<&'a GroupRef> for Key<'a> {
    fn from(group: &'a GroupRef) -> Self {
        match group {
            GroupRef::Id(id) => Key::from(id),
            GroupRef::Name(name) => Key::new(u8::MAX, name),
        }
    }
}

/// The places of values, by key.
#[derive(Clone, Debug, Default)]
struct Places<'a>(BTreeMap<Key<'a>, usize>);

impl<'a> Places<'a> {
    #[inline(never)]
    fn find(&self, key: &Key<'_>) -> Option<usize> {
        self.0.get(key).copied()
    }

    /// The place of a key, which is the one given if it had none.
    #[inline(never)]
    fn find_or_take(&mut self, key: Key<'a>, place: usize) -> usize {
        *self.0.entry(key).or_insert(place)
    }
}

/// Values by key, in the order of the keys.
#[derive(Clone, Debug)]
pub struct Map<'a, V> {
    places: Places<'a>,
    /// What was removed leaves its place behind.
    values: Vec<Option<V>>,
}

impl<V> Default for Map<'_, V> {
    fn default() -> Self {
        Map { places: Places::default(), values: Vec::new() }
    }
}

impl<'a, V> Map<'a, V> {
    /// The value of a key.
    pub fn get<'k>(&self, key: impl Into<Key<'k>>) -> Option<&V> {
        self.values[self.places.find(&key.into())?].as_ref()
    }

    /// The value of a key, to be changed.
    pub fn get_mut<'k>(&mut self, key: impl Into<Key<'k>>) -> Option<&mut V> {
        self.values[self.places.find(&key.into())?].as_mut()
    }

    fn slot(&mut self, key: Key<'a>) -> &mut Option<V> {
        let place = self.places.find_or_take(key, self.values.len());
        if place == self.values.len() {
            self.values.push(None);
        }
        &mut self.values[place]
    }

    /// Gives a key a value; what it had before.
    pub fn insert(&mut self, key: impl Into<Key<'a>>, value: V) -> Option<V> {
        self.slot(key.into()).replace(value)
    }

    /// The value of a key, which is made if it has none.
    pub fn or_insert_with(&mut self, key: impl Into<Key<'a>>, make: impl FnOnce() -> V) -> &mut V {
        self.slot(key.into()).get_or_insert_with(make)
    }

    /// Takes the value of a key out.
    pub fn remove<'k>(&mut self, key: impl Into<Key<'k>>) -> Option<V> {
        self.values[self.places.find(&key.into())?].take()
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.places.0.values().filter_map(|place| self.values[*place].as_ref())
    }

    /// Takes the values, in the order of their keys.
    pub fn into_values(mut self) -> Vec<V> {
        let mut values = Vec::with_capacity(self.values.len());
        for place in self.places.0.values() {
            values.extend(self.values[*place].take());
        }
        values
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }
}

/// Keys, each once.
#[derive(Clone, Debug, Default)]
pub struct Set<'a> {
    keys: Map<'a, ()>,
    count: usize,
}

impl<'a> Set<'a> {
    /// Whether a key is in it.
    pub fn contains<'k>(&self, key: impl Into<Key<'k>>) -> bool {
        self.keys.get(key).is_some()
    }

    /// Adds a key; `false` if it was in it.
    pub fn insert(&mut self, key: impl Into<Key<'a>>) -> bool {
        let is_new = self.keys.insert(key, ()).is_none();
        self.count += usize::from(is_new);
        is_new
    }

    /// Takes a key out; `false` if it was not in it.
    pub fn remove<'k>(&mut self, key: impl Into<Key<'k>>) -> bool {
        let was_in = self.keys.remove(key).is_some();
        self.count -= usize::from(was_in);
        was_in
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;
    use crate::domain::Dialect;

    #[derive(Clone, Debug)]
    enum Act {
        Insert(String, u8),
        Add(String, u8),
        Remove(String),
        Look(String),
    }

    fn act() -> impl Strategy<Value = Act> {
        let key = || "[a-e]{0,2}";
        prop_oneof![
            (key(), any::<u8>()).prop_map(|(key, value)| Act::Insert(key, value)),
            (key(), any::<u8>()).prop_map(|(key, value)| Act::Add(key, value)),
            key().prop_map(Act::Remove),
            key().prop_map(Act::Look),
        ]
    }

    proptest! {
        #[test]
        fn it_is_a_map(acts in prop::collection::vec(act(), 0..200)) {
            let mut known = BTreeMap::new();
            let mut map = Map::default();
            let mut set = Set::default();
            for act in acts {
                match &act {
                    Act::Insert(key, value) => {
                        let before = known.insert(key.clone(), *value);
                        let owned = Key::from(key.as_str()).into_owned();
                        prop_assert_eq!(map.insert(owned.clone(), *value), before);
                        prop_assert_eq!(set.insert(owned), before.is_none());
                    }
                    Act::Add(key, value) => {
                        let sum = known.entry(key.clone()).or_insert(0u8);
                        *sum = sum.wrapping_add(*value);
                        let owned = Key::from(key.as_str()).into_owned();
                        let found = map.or_insert_with(owned.clone(), || 0u8);
                        *found = found.wrapping_add(*value);
                        set.insert(owned);
                    }
                    Act::Remove(key) => {
                        let before = known.remove(key);
                        prop_assert_eq!(map.remove(key.as_str()), before);
                        prop_assert_eq!(set.remove(key.as_str()), before.is_some());
                    }
                    Act::Look(key) => {
                        prop_assert_eq!(map.get(key.as_str()), known.get(key));
                        prop_assert_eq!(map.get_mut(key.as_str()), known.get_mut(key));
                        prop_assert_eq!(set.contains(key.as_str()), known.contains_key(key));
                    }
                }
                prop_assert_eq!(map.is_empty(), known.is_empty());
                prop_assert_eq!((set.len(), set.is_empty()), (known.len(), known.is_empty()));
            }
            prop_assert!(map.values().eq(known.values()));
            prop_assert!(map.into_values().iter().eq(known.values()));
        }
    }

    #[test]
    fn keys_are_told_apart_and_ordered_as_what_they_are_made_from() {
        let user = |dialect, value: &str| UserId { dialect, value: value.to_string() };
        let users = [user(Dialect::V1, "b"), user(Dialect::V2, "a"), user(Dialect::Scim, "")];
        assert!(users.is_sorted() && users.each_ref().map(Key::from).is_sorted());
        let group = |kind, value: &str| GroupRef::Id(GroupId { kind, value: value.to_string() });
        let groups = [
            group(GroupIdKind::Rest, "b"),
            group(GroupIdKind::Scim, "a"),
            GroupRef::Name("a".to_string()),
        ];
        assert!(groups.is_sorted() && groups.each_ref().map(Key::from).is_sorted());
        assert_eq!(Key::from(&Email::new(" A@b.c ")), Key::from("a@b.c"));
    }
}
