//! The pages of a listing while it is read. The reader knows a page by its place and by the
//! number of its items, so it is compiled once for all kinds of items.

use alloc::vec::Vec;
use core::cell::RefCell;

use crate::fingerprint::{fingerprint, repeats};

/// The items of a page: what is kept of them, and a fingerprint of each one, kept or not.
pub struct PageItems<P> {
    /// What is kept of the page.
    pub page: P,
    /// The fingerprint of each item, in the page's order.
    pub fingerprints: Vec<u64>,
}

impl<T> PageItems<Vec<T>> {
    /// A page that is kept whole. The key tells its items apart.
    pub fn whole(items: Vec<T>, key: fn(&T) -> &str) -> Self {
        let fingerprints = items.iter().map(|item| fingerprint(key(item))).collect();
        PageItems { page: items, fingerprints }
    }
}

/// A page in a buffer.
#[derive(Clone, Copy, Debug)]
pub struct PageRef {
    place: usize,
    /// How many items were on it.
    pub items: usize,
}

/// What can be asked of buffered pages without knowing the type of their items.
pub trait PageLookup {
    /// Drops all pages.
    fn clear(&self);

    /// Whether two pages begin with the same item.
    fn begin_alike(&self, one: PageRef, other: PageRef) -> bool;

    /// Whether any item of these pages comes twice.
    fn repeat(&self, refs: &[PageRef]) -> bool;
}

/// The pages of a listing, in the order in which they arrive.
pub struct PageBuffer<P>(RefCell<Vec<Option<PageItems<P>>>>);

impl<P> Default for PageBuffer<P> {
    fn default() -> Self {
        PageBuffer(RefCell::default())
    }
}

impl<P> PageBuffer<P> {
    /// Adds a page.
    pub fn keep(&self, content: PageItems<P>) -> PageRef {
        let mut pages = self.0.borrow_mut();
        let page_ref = PageRef { place: pages.len(), items: content.fingerprints.len() };
        pages.push(Some(content));
        page_ref
    }

    /// Takes these pages, in this order.
    pub fn take(self, refs: &[PageRef]) -> Vec<P> {
        let mut pages = self.0.into_inner();
        let content = |page_ref: &PageRef| pages.get_mut(page_ref.place)?.take();
        refs.iter().filter_map(content).map(|content| content.page).collect()
    }
}

impl<P> PageLookup for PageBuffer<P> {
    fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    fn begin_alike(&self, one: PageRef, other: PageRef) -> bool {
        let pages = self.0.borrow();
        let begin = |page_ref: PageRef| pages.get(page_ref.place)?.as_ref()?.fingerprints.first();
        begin(one).is_some_and(|first| begin(other) == Some(first))
    }

    fn repeat(&self, refs: &[PageRef]) -> bool {
        let pages = self.0.borrow();
        let mut fingerprints = Vec::with_capacity(refs.iter().map(|page_ref| page_ref.items).sum());
        for content in refs.iter().filter_map(|page_ref| pages.get(page_ref.place)?.as_ref()) {
            fingerprints.extend_from_slice(&content.fingerprints);
        }
        repeats(fingerprints)
    }
}
