//! The pages of a listing while it is read. What reads them knows each by its place and by how
//! many items were on it, and is compiled once for whatever those are.

use alloc::vec::Vec;
use core::cell::RefCell;

use crate::fingerprint::{fingerprint, repeats};

/// What came on a page, for whoever asked for it, and a fingerprint of each item that stood there,
/// whether it is kept or not.
pub struct Content<P> {
    /// What is kept of it.
    pub page: P,
    /// What tells the items apart, in their order.
    pub marks: Vec<u64>,
}

impl<T> Content<Vec<T>> {
    /// A page that is kept whole. The key is what tells its items apart.
    pub fn whole(items: Vec<T>, key: fn(&T) -> &str) -> Self {
        Content { marks: items.iter().map(|item| fingerprint(key(item))).collect(), page: items }
    }
}

/// A page in a pile.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    place: usize,
    /// How many items were on it.
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
pub struct Pile<P>(RefCell<Vec<Option<Content<P>>>>);

impl<P> Default for Pile<P> {
    fn default() -> Self {
        Pile(RefCell::default())
    }
}

impl<P> Pile<P> {
    /// Puts a page on it.
    pub fn keep(&self, content: Content<P>) -> Leaf {
        let mut pages = self.0.borrow_mut();
        let leaf = Leaf { place: pages.len(), items: content.marks.len() };
        pages.push(Some(content));
        leaf
    }

    /// These pages, in their order.
    pub fn take(self, leaves: &[Leaf]) -> Vec<P> {
        let mut pages = self.0.into_inner();
        let content = |leaf: &Leaf| pages.get_mut(leaf.place)?.take();
        leaves.iter().filter_map(content).map(|content| content.page).collect()
    }
}

impl<P> Leaves for Pile<P> {
    fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    fn begin_alike(&self, one: Leaf, other: Leaf) -> bool {
        let pages = self.0.borrow();
        let begin = |leaf: Leaf| pages.get(leaf.place)?.as_ref()?.marks.first();
        begin(one).is_some_and(|mark| begin(other) == Some(mark))
    }

    fn repeat(&self, leaves: &[Leaf]) -> bool {
        let pages = self.0.borrow();
        let mut marks = Vec::with_capacity(leaves.iter().map(|leaf| leaf.items).sum());
        for content in leaves.iter().filter_map(|leaf| pages.get(leaf.place)?.as_ref()) {
            marks.extend_from_slice(&content.marks);
        }
        repeats(marks)
    }
}
