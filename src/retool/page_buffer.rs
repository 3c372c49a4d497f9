//! Buffers the pages of a listing while it is read. The reader refers to a page by its place and
//! its number of items, so the reader is compiled only once for all types of items.

use alloc::vec::Vec;
use core::cell::RefCell;

use crate::fingerprint::{fingerprint, repeats};

/// The items of a page: the kept items, and a fingerprint of every item, kept or not.
pub struct PageItems<P> {
    /// The kept items.
    pub page: P,
    /// The fingerprint of each item, in the page's order.
    pub fingerprints: Vec<u64>,
}

impl<T> PageItems<Vec<T>> {
    /// Creates a page of which all items are kept. `key` returns the unique key of an item.
    pub fn whole(items: Vec<T>, key: fn(&T) -> &str) -> Self {
        let fingerprints = items.iter().map(|item| fingerprint(key(item))).collect();
        PageItems { page: items, fingerprints }
    }
}

/// A page in a buffer.
#[derive(Clone, Copy, Debug)]
pub struct PageRef {
    place: usize,
    /// The number of items on the page.
    pub items: usize,
}

/// Operations on buffered pages that do not depend on the type of their items.
pub trait PageLookup {
    /// Drops all pages.
    fn clear(&self);

    /// Returns whether two pages begin with the same item.
    fn begin_alike(&self, one: PageRef, other: PageRef) -> bool;

    /// Returns whether every item of the other page is on the first.
    fn contains(&self, one: PageRef, other: PageRef) -> bool;

    /// Returns whether any item occurs twice on these pages.
    fn repeat(&self, refs: &[PageRef]) -> bool;

    /// Returns a digest of the items on these pages, whatever their order.
    fn digest(&self, refs: &[PageRef]) -> u64;
}

/// The pages of a listing, in the order in which they were received.
pub struct PageBuffer<P>(RefCell<Vec<Option<PageItems<P>>>>);

impl<P> Default for PageBuffer<P> {
    fn default() -> Self {
        PageBuffer(RefCell::default())
    }
}

impl<P> PageBuffer<P> {
    /// Adds a page and returns a reference to it.
    pub fn keep(&self, content: PageItems<P>) -> PageRef {
        let mut pages = self.0.borrow_mut();
        let page_ref = PageRef { place: pages.len(), items: content.fingerprints.len() };
        pages.push(Some(content));
        page_ref
    }

    /// Returns these pages, in this order.
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

    fn contains(&self, one: PageRef, other: PageRef) -> bool {
        let pages = self.0.borrow();
        let items = |page_ref: PageRef| {
            let content = pages.get(page_ref.place).and_then(Option::as_ref);
            content.map(|content| &*content.fingerprints).unwrap_or_default()
        };
        let all = items(one);
        items(other).iter().all(|item| all.contains(item))
    }

    fn digest(&self, refs: &[PageRef]) -> u64 {
        let pages = self.0.borrow();
        let content = refs.iter().filter_map(|page_ref| pages.get(page_ref.place)?.as_ref());
        let fingerprints = content.flat_map(|content| &content.fingerprints);
        fingerprints.fold(0, |sum, fingerprint| sum.wrapping_add(*fingerprint))
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
