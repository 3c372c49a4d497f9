//! Reads a whole listing page by page, and detects when it is inconsistent.
//!
//! Pages by number shift when a user is added or removed meanwhile. Some servers repeat pages,
//! ignore the requested page, or never end. So every item must occur once, and the number of
//! items must equal a total that did not change. An inconsistent listing is read again, and then
//! given up: a listing that may lack a user must not look complete.
//!
//! Some servers state the length of the page as the total. So a total that equals the length of a
//! page that may be full is compared with a second view: the next page. Several pages without a
//! total that says how many items there are must be the same when they are read again, because
//! nothing else shows that an item was skipped.
//!
//! One case can't be detected: if one user is removed and another is added between two pages, a
//! third user may be on neither page while the total is right. So no decision is based on absence
//! from a listing alone. If a user to be created exists already, the server refuses the creation,
//! and the user is then found. A user who would be reported as deleted is first looked up by id.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use super::page_buffer::{PageBuffer, PageItems, PageLookup, PageRef};
use super::page_size::PageSize;
use crate::error::{Code, Error, Result};
use crate::event::{Event, Progress};
use crate::http::{Local, Log, Window};

/// The most times that an inconsistent listing is read.
const READINGS: u32 = 3;

/// How often the second page must be the first one again, until the server counts as one that does
/// not page.
const LOOKS: u32 = 2;

/// More items than any organisation has. An endless listing is given up here. This also bounds
/// the component's memory.
const MOST_ITEMS: u32 = 250_000;

/// More pages than any listing has.
const MOST_PAGES: u32 = 25_000;

/// An inconsistency in a listing that was read to its end.
enum Inconsistency {
    /// The number of items differs from the total.
    Count { total: u32, given: usize },
    /// The total changed between pages.
    TotalChanged { from: u32, to: Option<u32> },
    /// An item occurs twice.
    Duplicate,
    /// There is no total, and the items differ from those of the reading before.
    Changed,
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inconsistency::Count { total, given } => write!(f, "says {total} and gives {given}"),
            Inconsistency::TotalChanged { from, to: Some(to) } => {
                write!(f, "says first {from} and then {to}")
            }
            Inconsistency::TotalChanged { from, to: None } => {
                write!(f, "says first {from} and then nothing")
            }
            Inconsistency::Duplicate => f.write_str("gives one twice"),
            Inconsistency::Changed => f.write_str("gives others than the time before"),
        }
    }
}

/// A page as the server returned it.
pub struct FetchedPage<P> {
    /// The items.
    pub content: PageItems<P>,
    /// The total number of items that the server states.
    pub total: Option<u32>,
}

/// The page to fetch; pages count from 1. Without a size, the server's default applies.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The page's number.
    pub page: u32,
    /// The page size.
    pub size: Option<u32>,
}

/// A listing that can be read.
pub struct Source<'a, P> {
    /// What is listed, for messages and log lines.
    pub what: &'static str,
    /// Fetches a page.
    pub fetch: &'a dyn Fn(Ask) -> Local<'a, Result<FetchedPage<P>>>,
    /// The page size to ask for; `None` if the server is not asked for pages.
    pub size: Option<&'a PageSize>,
    /// The server's default page size, for listings that it may not page. A response without a
    /// total is the whole listing if its length is not a multiple of this.
    pub default_size: Option<u32>,
    /// The number of items in the previous listing, if known. That many items are requested at
    /// once, without waiting for the first page. The number may be outdated.
    pub expected: Option<u32>,
}

impl<P> Source<'_, P> {
    /// Reads the whole listing, each item once. Returns the pages in the server's order.
    pub async fn read(&self, window: &Window, log: &dyn Log) -> Result<Vec<P>> {
        let buffer = PageBuffer::default();
        let fetch = |ask| -> Local<'_, Result<BufferedPage>> {
            let fetched = (self.fetch)(ask);
            let buffer = &buffer;
            Box::pin(async move {
                let FetchedPage { content, total } = fetched.await?;
                Ok(BufferedPage { page_ref: buffer.keep(content), total })
            })
        };
        let reader = Reader {
            what: self.what,
            fetch: &fetch,
            buffer: &buffer,
            size: self.size,
            default_size: self.default_size,
            expected: self.expected,
            window,
            log,
        };
        let refs = reader.read().await?;
        Ok(buffer.take(&refs))
    }
}

/// A page whose items are in the buffer.
#[derive(Clone, Copy)]
struct BufferedPage {
    page_ref: PageRef,
    total: Option<u32>,
}

/// Reads a [`Source`], without knowing the type of its items.
struct Reader<'a> {
    what: &'static str,
    fetch: &'a dyn Fn(Ask) -> Local<'a, Result<BufferedPage>>,
    buffer: &'a dyn PageLookup,
    size: Option<&'a PageSize>,
    default_size: Option<u32>,
    expected: Option<u32>,
    window: &'a Window,
    log: &'a dyn Log,
}

/// A listing that was read to its end.
struct Listed {
    refs: Vec<PageRef>,
    /// Whether a total confirms the number of items, or there is only one page.
    has_total: bool,
}

/// The first pages of a listing.
struct Begun {
    /// The page size that was requested.
    asked: Option<u32>,
    first: BufferedPage,
    /// The pages after the first that were requested at once.
    others: Vec<BufferedPage>,
}

/// Returns whether servers have this maximum for the length of a page: a round number.
pub fn is_common_maximum(length: u32) -> bool {
    let is_round = length.is_multiple_of(10) || length.is_multiple_of(25);
    length >= 10 && (is_round || length.is_power_of_two())
}

/// Returns whether a server may have refused a page because it is after the last one.
pub fn is_refused_page(error: &Error) -> bool {
    matches!(error.code, Code::ServerRefused | Code::BaseUrlWrong | Code::ScimUnavailable)
}

impl Reader<'_> {
    /// Reads the listing and returns its pages.
    async fn read(&self) -> Result<Vec<PageRef>> {
        let mut reading = 1;
        let mut before = None;
        loop {
            self.buffer.clear();
            // The expected number may be the cause of the inconsistency.
            let expected = self.expected.filter(|_| reading == 1);
            let odd = match self.read_once(expected).await? {
                Ok(Listed { refs, has_total: true }) => return Ok(refs),
                Ok(Listed { refs, .. }) => {
                    let digest = self.buffer.digest(&refs);
                    match before.replace(digest) {
                        Some(before) if before == digest => return Ok(refs),
                        Some(_) => Inconsistency::Changed,
                        None => {
                            reading += 1;
                            continue;
                        }
                    }
                }
                Err(odd) => odd,
            };
            self.log
                .line(&format!("listing {} {odd} (reading {reading} of {READINGS})", self.what));
            if reading == READINGS {
                return Err(
                    self.incomplete(&format!("{odd}, the last of {READINGS} times it was read"))
                );
            }
            reading += 1;
        }
    }

    async fn read_once(
        &self,
        expected: Option<u32>,
    ) -> Result<core::result::Result<Listed, Inconsistency>> {
        let Begun { asked, first, mut others } = self.begin(expected).await?;
        let mut refs = Vec::from([first.page_ref]);
        let Some(total) = first.total else {
            let items = first.page_ref.items as u32;
            let whole = self.default_size.is_some_and(|size| {
                !items.is_multiple_of(size) && (size == 1 || !is_common_maximum(items))
            });
            if !whole {
                self.read_to_the_end(&mut refs).await?;
            }
            let has_total = refs.len() == 1;
            return Ok(self.each_once(refs, has_total));
        };
        if total as usize == first.page_ref.items
            && self.may_be_full(total, asked)
            && let Some(second) = self.second_page(first.page_ref).await?
        {
            self.log.line(&format!(
                "listing {}: the total {total} is the length of a page, reading to the end",
                self.what
            ));
            refs.push(second);
            self.read_to_the_end(&mut refs).await?;
            return Ok(self.each_once(refs, false));
        }
        if total > MOST_ITEMS {
            return Err(self.incomplete("claims more items than can be"));
        }
        // The server's actual page size, which may differ from the requested one.
        let size = first.page_ref.items as u32;
        if size == 0 && total > 0 {
            return Ok(Err(Inconsistency::Count { total, given: 0 }));
        }
        let pages = if size == 0 { 1 } else { total.div_ceil(size) };
        if pages > MOST_PAGES {
            return Err(self.incomplete("comes in more pages than can be"));
        }
        if asked.is_some_and(|asked| size < asked) {
            // Shorter pages start at other items than the requested ones.
            others.clear();
        }
        let begun = 1 + others.len() as u32;
        if pages > begun {
            self.log.line(&format!("listing {}: {size} of {total}, {pages} pages", self.what));
            let arrived = Cell::new(begun);
            let fetch = |i| -> Local<'_, Result<BufferedPage>> {
                let page = (self.fetch)(Ask { page: begun + 1 + i as u32, size: Some(size) });
                let arrived = &arrived;
                Box::pin(async move {
                    let page = page.await?;
                    arrived.set(arrived.get() + 1);
                    self.report_progress(arrived.get(), pages);
                    Ok(page)
                })
            };
            others.extend(self.window.run((pages - begun) as usize, fetch).await?);
        }
        let mut given = first.page_ref.items;
        for page in others {
            if page.page_ref.items > size as usize {
                return Err(self.incomplete("gives longer pages than it began with"));
            }
            if page.total != Some(total) {
                return Ok(Err(Inconsistency::TotalChanged { from: total, to: page.total }));
            }
            given += page.page_ref.items;
            refs.push(page.page_ref);
        }
        Ok(if given == total as usize {
            self.each_once(refs, true)
        } else {
            Err(Inconsistency::Count { total, given })
        })
    }

    /// Reads the first page, and the expected pages after it that fit into the window.
    async fn begin(&self, expected: Option<u32>) -> Result<Begun> {
        let asked = self.size.and_then(PageSize::current);
        let pages = match (expected, asked) {
            (Some(expected), Some(size)) => expected.div_ceil(size).min(self.window.width()),
            _ => 1,
        };
        if pages > 1 {
            let ask = |i| (self.fetch)(Ask { page: i as u32 + 1, size: asked });
            match self.window.run(pages as usize, ask).await {
                Ok(pages) => {
                    if let [first, others @ ..] = &*pages {
                        return Ok(Begun { asked, first: *first, others: others.to_vec() });
                    }
                }
                // Some servers refuse a page after the last one.
                Err(error) if !is_refused_page(&error) => return Err(error),
                Err(_) => {}
            }
        }
        let Some(sizes) = self.size else {
            let first = (self.fetch)(Ask { page: 1, size: None }).await?;
            return Ok(Begun { asked: None, first, others: Vec::new() });
        };
        let fetch = async |size| (self.fetch)(Ask { page: 1, size }).await;
        let (asked, first) = sizes.first_page(asked, self.what, self.log, fetch).await?;
        Ok(Begun { asked, first, others: Vec::new() })
    }

    /// Returns whether a first page of this length may be full, so that there may be more.
    fn may_be_full(&self, length: u32, asked: Option<u32>) -> bool {
        match (asked.or(self.default_size), self.size) {
            (Some(size), _) => length == size || is_common_maximum(length),
            (None, Some(_)) => is_common_maximum(length),
            (None, None) => false,
        }
    }

    /// Returns the second page; `None` if there is none, or if it has only items of the first page
    /// because the server does not page, or not in this size.
    async fn second_page(&self, first: PageRef) -> Result<Option<PageRef>> {
        let size = Some(first.items as u32);
        // One wrong response must not make a part look like the whole.
        for _ in 0..LOOKS {
            match (self.fetch)(Ask { page: 2, size }).await {
                Ok(page) if page.page_ref.items == 0 => return Ok(None),
                Ok(page) if self.buffer.contains(first, page.page_ref) => {}
                Ok(page) => return Ok(Some(page.page_ref)),
                Err(error) if is_refused_page(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Reports the progress of a long listing, about ten times.
    fn report_progress(&self, arrived: u32, pages: u32) {
        let step = pages.div_ceil(10);
        if step > 1 && arrived < pages && arrived.is_multiple_of(step) {
            self.log.event(Event::Progress(Progress {
                task: "listing",
                what: Some(self.what),
                done: arrived as usize,
                total: Some(pages as usize),
                unit: Some("pages"),
            }));
        }
    }

    /// Reads a listing without a total up to an empty page, which alone shows the end. `refs`
    /// contains the first pages.
    async fn read_to_the_end(&self, refs: &mut Vec<PageRef>) -> Result<()> {
        let first = refs[0];
        let mut last = refs[refs.len() - 1];
        let mut given: usize = refs.iter().map(|page| page.items).sum();
        let mut number = refs.len() as u32;
        while given > 0 {
            number += 1;
            let size = Some(first.items as u32);
            let next = (self.fetch)(Ask { page: number, size }).await?.page_ref;
            if next.items == 0 {
                break;
            }
            let repeats_first = match self.default_size {
                Some(_) => self.buffer.contains(first, next),
                None => self.buffer.begin_alike(first, next),
            };
            if repeats_first && self.default_size.is_some() {
                break;
            }
            // A server that ignores the requested page repeats a page.
            if repeats_first || self.buffer.begin_alike(last, next) {
                return Err(self.incomplete("gives the same page again and again"));
            }
            refs.push(next);
            last = next;
            given += next.items;
            if given > MOST_ITEMS as usize {
                return Err(self.incomplete("does not end"));
            }
            self.log.event(Event::Progress(Progress {
                task: "listing",
                what: Some(self.what),
                done: given,
                ..Progress::default()
            }));
        }
        Ok(())
    }

    /// Fails if an item occurs twice, because then another item was moved off its page and is
    /// missing.
    fn each_once(
        &self,
        refs: Vec<PageRef>,
        has_total: bool,
    ) -> core::result::Result<Listed, Inconsistency> {
        match self.buffer.repeat(&refs) {
            true => Err(Inconsistency::Duplicate),
            false => Ok(Listed { refs, has_total }),
        }
    }

    fn incomplete(&self, how: &str) -> Error {
        let message = format!(
            "The listing of {} {how}. Nothing was planned on it; try again when no one else is changing it.",
            self.what
        );
        Error::new(Code::ListingIncomplete, message).about(String::from(self.what))
    }
}

#[cfg(test)]
mod tests;
