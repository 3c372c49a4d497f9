//! Reading a whole listing page by page, and noticing when it does not add up.
//!
//! Pages by number shift when somebody is added or removed meanwhile, and servers repeat
//! pages, ignore the page asked for, or never end. So every item is counted once, the count
//! must equal a total that did not move, and what does not add up is read again and then
//! given up: a listing that may lack somebody must not look whole.
//!
//! One thing can't be noticed: if one leaves and another joins between two pages, a third may
//! fall between them while the total is right. So absence from a listing alone is never acted
//! on: who is to be created is refused by the server if they exist, and is then found; who is
//! to be told as deleted is looked for by id first.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use super::page_buffer::{PageBuffer, PageItems, PageLookup, PageRef};
use crate::error::{Code, Error, Result};
use crate::http::{Local, Log, Window};

/// How often a listing that did not add up is read again.
const READINGS: u32 = 3;

/// More items than any organisation has: where a listing that never ends is given up.
/// It bounds the component's memory too.
const MOST_ITEMS: u32 = 250_000;

/// More pages than any server makes of them.
const MOST_PAGES: u32 = 25_000;

/// What does not add up in a listing that was read to its end.
enum Odd {
    /// It had not as many items as it said.
    Short { total: u32, given: usize },
    /// It said how many items there are in different ways.
    Moved { from: u32, to: Option<u32> },
    /// It gave an item twice.
    Twice,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Odd::Short { total, given } => write!(f, "says {total} and gives {given}"),
            Odd::Moved { from, to: Some(to) } => write!(f, "says first {from} and then {to}"),
            Odd::Moved { from, to: None } => write!(f, "says first {from} and then nothing"),
            Odd::Twice => f.write_str("gives one twice"),
        }
    }
}

/// A page as the server gave it.
pub struct FetchedPage<P> {
    /// What is on it.
    pub content: PageItems<P>,
    /// How many items the server says there are in all.
    pub total: Option<u32>,
}

/// Which page to fetch; pages count from 1. Without a size the server's default holds.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The page's number.
    pub page: u32,
    /// How many items to ask for.
    pub size: Option<u32>,
}

/// A listing that can be read.
pub struct Source<'a, P> {
    /// What is listed, for people.
    pub what: &'static str,
    /// Fetches a page.
    pub fetch: &'a dyn Fn(Ask) -> Local<'a, Result<FetchedPage<P>>>,
    /// The page size to ask for.
    pub size: Option<u32>,
    /// For what the server may not page: how long its pages would be if it did. An answer
    /// without a total that is not a multiple of it is the whole listing.
    pub default_size: Option<u32>,
    /// How many items there were the last time, if that is known: so many pages are asked for
    /// at once, and not only when the first has come. It need not be true any more.
    pub expected: Option<u32>,
}

impl<P> Source<'_, P> {
    /// Reads everything, each item once: the pages, in the server's order.
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

/// Reads a [`Source`] of whatever items.
struct Reader<'a> {
    what: &'static str,
    fetch: &'a dyn Fn(Ask) -> Local<'a, Result<BufferedPage>>,
    buffer: &'a dyn PageLookup,
    size: Option<u32>,
    default_size: Option<u32>,
    expected: Option<u32>,
    window: &'a Window,
    log: &'a dyn Log,
}

impl Reader<'_> {
    /// The pages that are the listing.
    async fn read(&self) -> Result<Vec<PageRef>> {
        let mut reading = 1;
        loop {
            self.buffer.clear();
            // What was expected may be what does not add up.
            let expected = self.expected.filter(|_| reading == 1);
            let odd = match self.read_once(expected).await? {
                Ok(refs) => return Ok(refs),
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
    ) -> Result<core::result::Result<Vec<PageRef>, Odd>> {
        let (first, mut others) = self.begin(expected).await?;
        let mut refs = Vec::from([first.page_ref]);
        let Some(total) = first.total else {
            let whole = self
                .default_size
                .is_some_and(|size| !(first.page_ref.items as u32).is_multiple_of(size));
            if !whole {
                self.read_to_the_end(&mut refs).await?;
            }
            return Ok(self.each_once(refs));
        };
        if total > MOST_ITEMS {
            return Err(self.incomplete("claims more items than can be"));
        }
        // What the server really gives, whatever was asked for.
        let size = first.page_ref.items as u32;
        if size == 0 && total > 0 {
            return Ok(Err(Odd::Short { total, given: 0 }));
        }
        let pages = if size == 0 { 1 } else { total.div_ceil(size) };
        if pages > MOST_PAGES {
            return Err(self.incomplete("comes in more pages than can be"));
        }
        if self.size.is_some_and(|asked| size < asked) {
            // Shorter pages begin elsewhere than the ones that were asked for.
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
                    self.tell(arrived.get(), pages);
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
                return Ok(Err(Odd::Moved { from: total, to: page.total }));
            }
            given += page.page_ref.items;
            refs.push(page.page_ref);
        }
        Ok(if given == total as usize {
            self.each_once(refs)
        } else {
            Err(Odd::Short { total, given })
        })
    }

    /// The first page, and those after it that are expected and fit into the window.
    async fn begin(&self, expected: Option<u32>) -> Result<(BufferedPage, Vec<BufferedPage>)> {
        let pages = match (expected, self.size) {
            (Some(expected), Some(size)) => expected.div_ceil(size).min(self.window.width()),
            _ => 1,
        };
        if pages > 1 {
            let ask = |i| (self.fetch)(Ask { page: i as u32 + 1, size: self.size });
            match self.window.run(pages as usize, ask).await {
                Ok(pages) => {
                    if let [first, others @ ..] = &*pages {
                        return Ok((*first, others.to_vec()));
                    }
                }
                // Some servers know no page beyond the last.
                Err(error) if !matches!(error.code, Code::ServerRefused | Code::BaseUrlWrong) => {
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        Ok(((self.fetch)(Ask { page: 1, size: self.size }).await?, Vec::new()))
    }

    /// Tells how far a listing is that takes a while, about ten times.
    fn tell(&self, arrived: u32, pages: u32) {
        let step = pages.div_ceil(10);
        if step > 1 && arrived < pages && arrived.is_multiple_of(step) {
            self.log.line(&format!("listing {}: {arrived} of {pages} pages", self.what));
        }
    }

    /// Without a total only a page with nothing on it tells the end. `refs` begins with the
    /// first page.
    async fn read_to_the_end(&self, refs: &mut Vec<PageRef>) -> Result<()> {
        let first = refs[0];
        let mut last = first;
        let mut given = first.items;
        let mut number = 1;
        while given > 0 {
            number += 1;
            let size = Some(first.items as u32);
            let next = (self.fetch)(Ask { page: number, size }).await?.page_ref;
            if next.items == 0 {
                break;
            }
            let repeats_first = self.buffer.begin_alike(first, next);
            if repeats_first && self.default_size.is_some() {
                break;
            }
            // A server that ignores the page asked for repeats one.
            if repeats_first || self.buffer.begin_alike(last, next) {
                return Err(self.incomplete("gives the same page again and again"));
            }
            refs.push(next);
            last = next;
            given += next.items;
            if given > MOST_ITEMS as usize {
                return Err(self.incomplete("does not end"));
            }
            self.log.line(&format!("listing {}: {given}", self.what));
        }
        Ok(())
    }

    /// Fails if an item came twice: then another was pushed off its page, and is missing.
    fn each_once(&self, refs: Vec<PageRef>) -> core::result::Result<Vec<PageRef>, Odd> {
        if self.buffer.repeat(&refs) { Err(Odd::Twice) } else { Ok(refs) }
    }

    fn incomplete(&self, how: &str) -> Error {
        let message = format!(
            "The listing of {} {how}. Nothing was planned on it; try again when nobody else is changing it.",
            self.what
        );
        Error::new(Code::ListingIncomplete, message).about(String::from(self.what))
    }
}

#[cfg(test)]
mod tests;
