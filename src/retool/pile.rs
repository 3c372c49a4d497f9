//! The pages of a listing while it is read. What reads them knows each by its place and by how
//! many items are on it, and is compiled once for whatever those are.

use alloc::vec::Vec;
use core::cell::RefCell;

use crate::order::repeated;

/// A page in a pile.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    place: usize,
    /// How many items are on it.
    pub items: usize,
}

/// What can be told of pages without knowing what is on them.
pub trait Leaves {
    /// Throws all pages away.
    fn clear(&self);

    /// Whether two pages begin with the same item.
    fn begin_alike(&self, one: Leaf, other: Leaf) -> bool;

    /// Whether an item is on one of these pages and comes again.
    fn repeat(&self, leaves: &[Leaf]) -> bool;
}

/// The pages of a listing, as they come.
pub struct Pile<T> {
    key: fn(&T) -> &str,
    pages: RefCell<Vec<Vec<T>>>,
}

impl<T> Pile<T> {
    /// Without pages. The key is what tells items apart.
    pub fn new(key: fn(&T) -> &str) -> Self {
        Pile { key, pages: RefCell::default() }
    }

    /// Puts a page on it.
    pub fn keep(&self, page: Vec<T>) -> Leaf {
        let mut pages = self.pages.borrow_mut();
        let leaf = Leaf { place: pages.len(), items: page.len() };
        pages.push(page);
        leaf
    }

    /// What is on these pages, in their order.
    pub fn take(self, leaves: &[Leaf]) -> Vec<T> {
        let mut pages = self.pages.into_inner();
        let mut items = Vec::with_capacity(leaves.iter().map(|leaf| leaf.items).sum());
        for leaf in leaves {
            // Each page's memory is given back at once.
            if let Some(page) = pages.get_mut(leaf.place) {
                items.append(&mut core::mem::take(page));
            }
        }
        items
    }
}

impl<T> Leaves for Pile<T> {
    fn clear(&self) {
        self.pages.borrow_mut().clear();
    }

    fn begin_alike(&self, one: Leaf, other: Leaf) -> bool {
        let pages = self.pages.borrow();
        let begin = |leaf: Leaf| pages.get(leaf.place)?.first().map(self.key);
        begin(one).is_some_and(|key| begin(other) == Some(key))
    }

    fn repeat(&self, leaves: &[Leaf]) -> bool {
        let pages = self.pages.borrow();
        let items = leaves.iter().filter_map(|leaf| pages.get(leaf.place)).flatten();
        repeated(items.map(self.key)).is_some()
    }
}
