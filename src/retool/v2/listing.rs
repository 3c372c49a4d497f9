//! Reads a whole listing in one response, or page by page if that is too large, and detects when
//! it is inconsistent.
//!
//! Every item must occur once, and the number of items must equal the server's total. An
//! inconsistent listing is read again, and then given up: a listing that may lack a user must not
//! look complete.

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
use crate::event::{Event, Progress};
use crate::http::{Local, Log};
use crate::retool::page_buffer::{PageBuffer, PageItems, PageLookup, PageRef};
use crate::retool::page_size::{PageSize, is_refused_size};

/// The most times that an inconsistent listing is read.
const READINGS: u32 = 3;

/// More items than any organisation has. An endless listing is given up here.
const MOST_ITEMS: usize = 250_000;

/// Progress is reported after this many pages.
const PAGES_PER_LINE: usize = 10;

/// What follows a page.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Nothing: it was the last page.
    Nothing,
    /// A page with this token.
    Page(String),
    /// Another page, for which the server gave no token.
    Unknown,
    /// The server does not say. A page that is not full is then the last one.
    Unstated,
}

impl Next {
    /// Reads from an envelope what follows the page.
    pub fn new(has_more: Option<bool>, next_token: Option<Id<'_>>) -> Self {
        match (has_more, filled(next_token)) {
            (Some(false), _) => Next::Nothing,
            (None, None) => Next::Unstated,
            (_, Some(token)) => Next::Page(token),
            (Some(true), None) => Next::Unknown,
        }
    }
}

/// A page as the server returned it.
pub struct FetchedPage<P> {
    /// The items.
    pub content: PageItems<P>,
    /// The total number of items that the server states.
    pub total: Option<u32>,
    /// What follows the page.
    pub next: Next,
}

/// The page to fetch. Without a limit, everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// The most items on the page.
    pub limit: Option<u32>,
    /// The token from the previous page.
    pub token: Option<String>,
}

/// The message for a page that says that there are more, but has no token for the next.
pub const NO_WAY: &str = "says that there is more, and not how to ask for it";

/// The message for pages that form a loop.
pub const AGAIN: &str = "gives the same page again";

/// The message for a full page that does not say whether there is more.
pub const UNSTATED: &str = "gives a full page and does not say whether there is more";

/// An inconsistency in a listing.
enum Inconsistency {
    /// The number of items differs from the total.
    Count { total: u32, given: usize },
    /// The total changed between pages.
    TotalChanged { from: Option<u32>, to: Option<u32> },
    /// An item occurs twice.
    Duplicate,
    /// The response says that there is more, although everything was requested.
    More,
    /// A page says that there is more, but has no token for it.
    NoToken,
    /// A page leads back to an earlier one.
    Loop,
    /// A full page that does not say whether there is more.
    Unstated,
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inconsistency::Count { total, given } => write!(f, "says {total} and gives {given}"),
            Inconsistency::TotalChanged { from: Some(from), to: Some(to) } => {
                write!(f, "says first {from} and then {to}")
            }
            Inconsistency::TotalChanged { .. } => {
                f.write_str("says only at times how many there are")
            }
            Inconsistency::Duplicate => f.write_str("gives one twice"),
            Inconsistency::More => f.write_str("says that there is more than it gives"),
            Inconsistency::NoToken => f.write_str(NO_WAY),
            Inconsistency::Loop => f.write_str(AGAIN),
            Inconsistency::Unstated => f.write_str(UNSTATED),
        }
    }
}

/// The totals on the pages of one listing. A server may state the total of the listing or of the
/// page, but all its pages must do it in the same way.
struct Totals {
    first: Option<u32>,
    of_pages: bool,
    of_listing: bool,
}

impl Totals {
    fn new(total: Option<u32>) -> Self {
        Totals { first: total, of_pages: true, of_listing: true }
    }

    /// Records the total on a page with this number of items.
    fn add(&mut self, total: Option<u32>, items: usize) -> core::result::Result<(), Inconsistency> {
        self.of_pages &= total.is_some_and(|total| total as usize == items);
        self.of_listing &= total == self.first;
        if self.of_pages || self.of_listing {
            return Ok(());
        }
        Err(Inconsistency::TotalChanged { from: self.first, to: total })
    }

    /// Compares the total with the number of items on all pages so far.
    fn compare(&self, given: usize, at_end: bool) -> core::result::Result<(), Inconsistency> {
        match self.first {
            Some(total) if !self.of_pages => {
                let total_is_right =
                    if at_end { total as usize == given } else { total as usize >= given };
                if total_is_right { Ok(()) } else { Err(Inconsistency::Count { total, given }) }
            }
            _ => Ok(()),
        }
    }
}

/// A listing that can be read.
pub struct Source<'a, P> {
    /// What is listed, for messages and log lines.
    pub what: &'static str,
    /// Fetches a page.
    pub fetch: &'a dyn Fn(Ask) -> Local<'a, Result<FetchedPage<P>>>,
    /// How to read the listing page by page; `None` if the server does not page it.
    pub pages: Option<Pages<'a>>,
}

/// How to read a listing page by page.
pub struct Pages<'a> {
    /// The page size to ask for.
    pub size: &'a PageSize,
    /// Whether the whole listing is known to be too large for one response. Set when this is
    /// found out.
    pub by_page: &'a Cell<bool>,
}

impl<P> Source<'_, P> {
    /// Reads the whole listing, each item once. Returns the pages in the server's order.
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

/// Reads a [`Source`], without knowing the type of its items.
struct Reader<'a> {
    what: &'static str,
    fetch: &'a dyn Fn(Ask) -> Local<'a, Result<BufferedPage>>,
    buffer: &'a dyn PageLookup,
    pages: Option<&'a Pages<'a>>,
    log: &'a dyn Log,
}

/// The result of one reading: the pages of the listing, or an inconsistency.
type Reading = Result<core::result::Result<Vec<PageRef>, Inconsistency>>;

impl Reader<'_> {
    /// Reads the listing and returns its pages.
    async fn read(&self) -> Result<Vec<PageRef>> {
        let mut reading = 1;
        loop {
            self.buffer.clear();
            let read = match self.pages.filter(|pages| pages.by_page.get()) {
                Some(pages) => self.read_pages(pages).await?,
                None => match self.read_at_once().await {
                    Err(error) if error.code == Code::BodyTooLarge && self.switch_to_pages() => {
                        self.log.line(&format!("listing {}: by page, it is too large", self.what));
                        continue;
                    }
                    // The server pages although it was not asked to, or demands to be asked to.
                    Ok(Err(Inconsistency::More)) if self.switch_to_pages() => continue,
                    Err(error) if is_refused_size(&error) && self.switch_to_pages() => {
                        let Some(pages) = self.pages else { return Err(error) };
                        let read = self.read_pages(pages).await;
                        // If pages of every size are refused, the size was not the reason.
                        read.map_err(|later| if is_refused_size(&later) { error } else { later })?
                    }
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

    /// Switches to reading page by page. Returns `false` if this is not possible. Another listing of
    /// the call may have switched meanwhile.
    fn switch_to_pages(&self) -> bool {
        self.pages.inspect(|pages| pages.by_page.set(true)).is_some()
    }

    async fn read_at_once(&self) -> Reading {
        let page = (self.fetch)(Ask::default()).await?;
        // As many as a page holds may be only a page, if the server does not say.
        let may_be_cut = page.next == Next::Unstated
            && page.page_ref.items == LARGEST_PAGE as usize
            && self.pages.is_some();
        if may_be_cut || !matches!(page.next, Next::Nothing | Next::Unstated) {
            return Ok(Err(Inconsistency::More));
        }
        let given = page.page_ref.items;
        Ok(match page.total {
            Some(total) if total as usize != given => Err(Inconsistency::Count { total, given }),
            _ => self.each_once(Vec::from([page.page_ref])),
        })
    }

    async fn read_pages(&self, pages: &Pages<'_>) -> Reading {
        let mut refs: Vec<PageRef> = Vec::new();
        let mut given = 0;
        let mut totals: Option<Totals> = None;
        let mut tokens = BTreeSet::new();
        let fetch = async |limit| (self.fetch)(Ask { limit, token: None }).await;
        let (limit, first) =
            pages.size.first_page(pages.size.current(), self.what, self.log, fetch).await?;
        let mut ask = Ask { limit, token: None };
        let mut first = Some(first);
        loop {
            let BufferedPage { page_ref, total, next } = match first.take() {
                Some(first) => first,
                None => (self.fetch)(ask.clone()).await?,
            };
            let totals = totals.get_or_insert_with(|| Totals::new(total));
            if let Err(odd) = totals.add(total, page_ref.items) {
                return Ok(Err(odd));
            }
            if refs.first().is_some_and(|first| self.buffer.begin_alike(*first, page_ref)) {
                return Ok(Err(Inconsistency::Loop));
            }
            refs.push(page_ref);
            given += page_ref.items;
            if given > MOST_ITEMS {
                return Err(self.incomplete("does not end"));
            }
            let is_last = matches!(next, Next::Nothing | Next::Unstated);
            if let Err(odd) = totals.compare(given, is_last) {
                return Ok(Err(odd));
            }
            match next {
                Next::Unstated if limit.is_some_and(|limit| page_ref.items >= limit as usize) => {
                    return Ok(Err(Inconsistency::Unstated));
                }
                Next::Nothing | Next::Unstated => return Ok(self.each_once(refs)),
                // An empty page must not have a next page.
                Next::Unknown => return Ok(Err(Inconsistency::NoToken)),
                Next::Page(_) if page_ref.items == 0 => return Ok(Err(Inconsistency::NoToken)),
                Next::Page(token) if tokens.contains(&token) => {
                    return Ok(Err(Inconsistency::Loop));
                }
                Next::Page(token) => {
                    tokens.insert(token.clone());
                    ask.token = Some(token);
                }
            }
            if tokens.len().is_multiple_of(PAGES_PER_LINE) {
                self.log.event(Event::Progress(Progress {
                    task: "listing",
                    what: Some(self.what),
                    done: given,
                    ..Progress::default()
                }));
            }
        }
    }

    /// Fails if an item occurs twice, because then another item may be missing.
    fn each_once(&self, refs: Vec<PageRef>) -> core::result::Result<Vec<PageRef>, Inconsistency> {
        if self.buffer.repeat(&refs) { Err(Inconsistency::Duplicate) } else { Ok(refs) }
    }

    fn incomplete(&self, how: &str) -> Error {
        incomplete(self.what, how)
    }
}

/// Returns the error for a listing that was given up.
pub fn incomplete(what: &'static str, how: &str) -> Error {
    let message = format!(
        "The listing of {what} {how}. Nothing was planned on it; try again when no one else is changing it."
    );
    Error::new(Code::ListingIncomplete, message).about(String::from(what))
}

/// Returns the page size for reading page by page.
pub fn limit(page_size: u32) -> u32 {
    page_size.min(LARGEST_PAGE)
}
