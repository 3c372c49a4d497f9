//! Reading a whole listing in one answer, or page by page where that is too much, and noticing
//! when it does not add up.
//!
//! Every item must come once, and there must be as many as the server says. What does not add
//! up is read again and then given up: a listing that may lack somebody must not look whole.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use super::cursor::LARGEST_PAGE;
use crate::de::{Id, filled};
use crate::error::{Code, Error, Result};
use crate::http::{Local, Log};
use crate::retool::page_buffer::{PageBuffer, PageItems, PageLookup, PageRef};

/// How often a listing that did not add up is read again.
const READINGS: u32 = 3;

/// More items than any organisation has: where a listing that never ends is given up.
const MOST_ITEMS: usize = 250_000;

/// Progress is told every so many pages.
const PAGES_PER_LINE: usize = 10;

/// What comes after a page.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Nothing.
    Nothing,
    /// The page of this token.
    Page(String),
    /// More, and nothing says what to ask for it with.
    Unknown,
}

impl Next {
    /// What an envelope says of what comes next.
    pub fn new(has_more: Option<bool>, next_token: Option<Id<'_>>) -> Self {
        match (has_more, filled(next_token)) {
            (Some(false), _) | (None, None) => Next::Nothing,
            (_, Some(token)) => Next::Page(token),
            (Some(true), None) => Next::Unknown,
        }
    }
}

/// A page as the server gave it.
pub struct FetchedPage<P> {
    /// What is on it.
    pub content: PageItems<P>,
    /// How many items the server says there are.
    pub total: Option<u32>,
    /// What comes after it.
    pub next: Next,
}

/// Which page to fetch: everything without a limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// How many items at most.
    pub limit: Option<u32>,
    /// What the page before said to ask with.
    pub token: Option<String>,
}

/// What is wrong with pages that say that there are more, and not how to ask for them.
pub const NO_WAY: &str = "says that there is more, and not how to ask for it";

/// What is wrong with pages that lead in a circle.
pub const AGAIN: &str = "gives the same page again";

/// What does not add up in a listing.
enum Odd {
    /// It had not as many items as it said.
    Count { total: u32, given: usize },
    /// It said how many items there are in different ways.
    Moved { from: Option<u32>, to: Option<u32> },
    /// It gave an item twice.
    Twice,
    /// It said that there is more, where everything was asked for.
    More,
    /// It said that there is more, and not how to ask for it.
    NoWay,
    /// A page led back to one before.
    Round,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Odd::Count { total, given } => write!(f, "says {total} and gives {given}"),
            Odd::Moved { from: Some(from), to: Some(to) } => {
                write!(f, "says first {from} and then {to}")
            }
            Odd::Moved { .. } => f.write_str("says only at times how many there are"),
            Odd::Twice => f.write_str("gives one twice"),
            Odd::More => f.write_str("says that there is more than it gives"),
            Odd::NoWay => f.write_str(NO_WAY),
            Odd::Round => f.write_str(AGAIN),
        }
    }
}

/// What the pages of one listing say of how many items there are. Some servers may count the
/// listing and some the page: either is told by all pages in one way.
struct Totals {
    first: Option<u32>,
    of_pages: bool,
    of_listing: bool,
}

impl Totals {
    fn new(total: Option<u32>) -> Self {
        Totals { first: total, of_pages: true, of_listing: true }
    }

    /// Hears what one page says that has so many items.
    fn hear(&mut self, total: Option<u32>, items: usize) -> core::result::Result<(), Odd> {
        self.of_pages &= total.is_some_and(|total| total as usize == items);
        self.of_listing &= total == self.first;
        if self.of_pages || self.of_listing {
            return Ok(());
        }
        Err(Odd::Moved { from: self.first, to: total })
    }

    /// Compares with how many items there are on all pages so far.
    fn compare(&self, given: usize, at_end: bool) -> core::result::Result<(), Odd> {
        match self.first {
            Some(total) if !self.of_pages => {
                let total_is_right =
                    if at_end { total as usize == given } else { total as usize >= given };
                if total_is_right { Ok(()) } else { Err(Odd::Count { total, given }) }
            }
            _ => Ok(()),
        }
    }
}

/// A listing that can be read.
pub struct Source<'a, P> {
    /// What is listed, for people.
    pub what: &'static str,
    /// Fetches a page.
    pub fetch: &'a dyn Fn(Ask) -> Local<'a, Result<FetchedPage<P>>>,
    /// How it can be read page by page; `None` for what the server does not page.
    pub pages: Option<Pages<'a>>,
}

/// How a listing can be read page by page.
pub struct Pages<'a> {
    /// How many items to ask for.
    pub limit: u32,
    /// Whether everything at once is known to be too much. Set when it turns out so.
    pub by_page: &'a Cell<bool>,
}

impl<P> Source<'_, P> {
    /// Reads everything, each item once: the pages, in the server's order.
    pub async fn read(&self, log: &dyn Log) -> Result<Vec<P>> {
        let buffer = PageBuffer::default();
        let fetch = |ask| -> Local<'_, Result<BufferedPage>> {
            let fetched = (self.fetch)(ask);
            let buffer = &buffer;
            Box::pin(async move {
                let FetchedPage { content, total, next } = fetched.await?;
                Ok(BufferedPage { page_ref: buffer.keep(content), total, next })
            })
        };
        let pages = self.pages.as_ref();
        let reader = Reader { what: self.what, fetch: &fetch, buffer: &buffer, pages, log };
        let refs = reader.read().await?;
        Ok(buffer.take(&refs))
    }
}

/// A page whose items are in the buffer.
struct BufferedPage {
    page_ref: PageRef,
    total: Option<u32>,
    next: Next,
}

/// Reads a [`Source`] of whatever items.
struct Reader<'a> {
    what: &'static str,
    fetch: &'a dyn Fn(Ask) -> Local<'a, Result<BufferedPage>>,
    buffer: &'a dyn PageLookup,
    pages: Option<&'a Pages<'a>>,
    log: &'a dyn Log,
}

/// What one reading came to: the pages with everything, or what does not add up.
type Reading = Result<core::result::Result<Vec<PageRef>, Odd>>;

impl Reader<'_> {
    /// The pages that are the listing.
    async fn read(&self) -> Result<Vec<PageRef>> {
        let mut reading = 1;
        loop {
            self.buffer.clear();
            let read = match self.pages.filter(|pages| pages.by_page.get()) {
                Some(pages) => self.read_pages(pages).await?,
                None => match self.read_at_once().await {
                    Err(error) if error.code == Code::BodyTooLarge && self.turn_to_pages() => {
                        self.log.line(&format!("listing {}: by page, it is too large", self.what));
                        continue;
                    }
                    // The server pages though it was not asked to.
                    Ok(Err(Odd::More)) if self.turn_to_pages() => continue,
                    read => read?,
                },
            };
            let odd = match read {
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

    /// Goes on page by page from now on; `false` if that can't be done.
    fn turn_to_pages(&self) -> bool {
        self.pages.is_some_and(|pages| !pages.by_page.replace(true))
    }

    async fn read_at_once(&self) -> Reading {
        let page = (self.fetch)(Ask::default()).await?;
        if page.next != Next::Nothing {
            return Ok(Err(Odd::More));
        }
        let given = page.page_ref.items;
        Ok(match page.total {
            Some(total) if total as usize != given => Err(Odd::Count { total, given }),
            _ => self.each_once(Vec::from([page.page_ref])),
        })
    }

    async fn read_pages(&self, pages: &Pages<'_>) -> Reading {
        let mut refs: Vec<PageRef> = Vec::new();
        let mut given = 0;
        let mut totals: Option<Totals> = None;
        let mut tokens = BTreeSet::new();
        let mut ask = Ask { limit: Some(pages.limit), token: None };
        loop {
            let BufferedPage { page_ref, total, next } = (self.fetch)(ask.clone()).await?;
            let totals = totals.get_or_insert_with(|| Totals::new(total));
            if let Err(odd) = totals.hear(total, page_ref.items) {
                return Ok(Err(odd));
            }
            if refs.first().is_some_and(|first| self.buffer.begin_alike(*first, page_ref)) {
                return Ok(Err(Odd::Round));
            }
            refs.push(page_ref);
            given += page_ref.items;
            if given > MOST_ITEMS {
                return Err(self.incomplete("does not end"));
            }
            if let Err(odd) = totals.compare(given, next == Next::Nothing) {
                return Ok(Err(odd));
            }
            match next {
                Next::Nothing => return Ok(self.each_once(refs)),
                // A page with nothing on it leads nowhere.
                Next::Unknown => return Ok(Err(Odd::NoWay)),
                Next::Page(_) if page_ref.items == 0 => return Ok(Err(Odd::NoWay)),
                Next::Page(token) if tokens.contains(&token) => return Ok(Err(Odd::Round)),
                Next::Page(token) => {
                    tokens.insert(token.clone());
                    ask.token = Some(token);
                }
            }
            if tokens.len().is_multiple_of(PAGES_PER_LINE) {
                self.log.line(&format!("listing {}: {given}", self.what));
            }
        }
    }

    /// Fails if an item came twice: then another may be missing.
    fn each_once(&self, refs: Vec<PageRef>) -> core::result::Result<Vec<PageRef>, Odd> {
        if self.buffer.repeat(&refs) { Err(Odd::Twice) } else { Ok(refs) }
    }

    fn incomplete(&self, how: &str) -> Error {
        incomplete(self.what, how)
    }
}

/// A listing that was given up.
pub fn incomplete(what: &'static str, how: &str) -> Error {
    let message = format!(
        "The listing of {what} {how}. Nothing was planned on it; try again when nobody else is changing it."
    );
    Error::new(Code::ListingIncomplete, message).about(String::from(what))
}

/// The page size to ask for where everything at once is too much.
pub fn limit(page_size: u32) -> u32 {
    page_size.min(LARGEST_PAGE)
}
