//! The page size that a server accepts. A server may refuse the size that is asked for. Then the
//! listing is asked for again in smaller pages, and the size is kept for the rest of the call.

use alloc::format;
use core::cell::Cell;

use crate::error::{Code, Error, Result};
use crate::http::Log;

/// The page size of a call.
pub struct PageSize {
    /// The largest size to ask for; `None` if the server accepts no size.
    most: Cell<Option<u32>>,
}

impl PageSize {
    /// Starts with the configured size.
    pub fn new(configured: u32) -> Self {
        PageSize { most: Cell::new(Some(configured)) }
    }

    /// Returns the size to ask for where a caller asks for this one.
    pub fn of(&self, asked: u32) -> Option<u32> {
        Some(self.most.get()?.min(asked).max(1))
    }

    /// Returns the configured size, or the smaller one that the server accepts.
    pub fn current(&self) -> Option<u32> {
        self.most.get()
    }

    /// Fetches the first page of a listing. If the server refuses its size, asks again for smaller
    /// pages, and at last without a size. Also returns the size that was accepted.
    ///
    /// If all of this is refused, the size was not the reason. Then the error is the first one.
    pub async fn first_page<T>(
        &self,
        asked: Option<u32>,
        what: &str,
        log: &dyn Log,
        fetch: impl AsyncFn(Option<u32>) -> Result<T>,
    ) -> Result<(Option<u32>, T)> {
        let mut size = asked.and_then(|asked| self.of(asked));
        let mut first: Option<Error> = None;
        loop {
            let refusal = match fetch(size).await {
                Ok(page) => {
                    if first.is_some() {
                        self.most.set(size);
                    }
                    return Ok((size, page));
                }
                Err(error) if is_refused_size(&error) => error,
                Err(error) => return Err(first.unwrap_or(error)),
            };
            let Some(refused) = size else {
                return Err(first.unwrap_or(refusal));
            };
            size = smaller(refused, &refusal.message);
            match size {
                Some(size) => {
                    log.line(&format!(
                        "listing {what}: pages of {refused} are refused, asking for {size}"
                    ));
                }
                None => log.line(&format!("listing {what}: pages of any size are refused")),
            }
            first = first.or(Some(refusal));
        }
    }
}

/// Returns whether the server may have refused a listing because of its page size.
pub(super) fn is_refused_size(error: &Error) -> bool {
    error.code == Code::ServerRefused && matches!(error.http_status, Some(400 | 413 | 416 | 422))
}

/// The beginning of the server's own words in a message.
const SAYS: &str = "The server says: ";

/// A number in the server's message is a maximum if it is at least this part of the size.
const LEAST: u32 = 50;

/// Returns a smaller page size than one that was refused: the largest that the server's message
/// names, or a fifth. `None` after 1. So a request that is refused for another reason is sent six
/// times with the default size.
fn smaller(refused: u32, message: &str) -> Option<u32> {
    let said = message.find(SAYS).map_or("", |at| &message[at + SAYS.len()..]);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let numbers = said
        .split(|c: char| !is_part(c))
        .filter_map(|word| word.trim_end_matches(['.', '-']).parse::<u32>().ok());
    let named = numbers.filter(|number| (1..refused).contains(number)).max();
    // A much smaller number is hardly a maximum, such as the 1 of "from 1".
    named.filter(|named| named * LEAST >= refused).or((refused > 1).then_some((refused / 5).max(1)))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::cell::RefCell;

    use super::*;
    use crate::testing::platform::{FakePlatform, Reply};

    #[test]
    fn the_next_size_is_the_one_that_the_server_names_or_a_fifth() {
        let next =
            |said: &str| smaller(500, &format!("It refuses the request (400). {SAYS}{said}"));
        for said in [
            "pageSize must be a whole number from 1 to 80",
            "limit 500 exceeds the maximum of 80.",
            "max=80",
            "must be <= 80, was 500",
            "between 1 and 80!",
        ] {
            assert_eq!(next(said), Some(80), "{said}");
        }
        for said in [
            "too large",
            "",
            "v2.100 says no",
            "at most 0",
            "from 1",
            "error-42x",
            "500",
            "see 3.4",
        ] {
            assert_eq!(next(said), Some(100), "{said}");
        }
        assert_eq!(smaller(500, "It refuses 80 (400)."), Some(100), "not the server's words");
        assert_eq!((smaller(100, ""), smaller(4, ""), smaller(1, "")), (Some(20), Some(1), None));
    }

    fn refusal(status: u16) -> Error {
        let mut error = Error::new(Code::ServerRefused, "No.");
        error.http_status = Some(status);
        error
    }

    /// Fetches a first page. Also returns the sizes that were asked for.
    fn fetch(
        sizes: &PageSize,
        server: impl Fn(Option<u32>) -> Result<()>,
    ) -> (Result<Option<u32>>, Vec<Option<u32>>) {
        let fake = FakePlatform::new(|_| Reply::json(500, ""));
        let asked = RefCell::new(Vec::new());
        let page =
            fake.run(sizes.first_page(Some(500), "users", &*fake.platform().log, async |size| {
                asked.borrow_mut().push(size);
                server(size)
            }));
        (page.map(|(size, ())| size), asked.into_inner())
    }

    #[test]
    fn a_size_that_was_accepted_is_kept() {
        let sizes = PageSize::new(500);
        let server = |size: Option<u32>| if size > Some(60) { Err(refusal(422)) } else { Ok(()) };
        let (page, asked) = fetch(&sizes, server);
        assert_eq!(page, Ok(Some(20)));
        assert_eq!(asked, [Some(500), Some(100), Some(20)]);
        assert_eq!(fetch(&sizes, server).1, [Some(20)]);
        assert_eq!((sizes.of(10), sizes.of(500)), (Some(10), Some(20)));
    }

    #[test]
    fn a_server_that_accepts_no_size_is_asked_without_one() {
        let sizes = PageSize::new(500);
        let server = |size: Option<u32>| if size.is_some() { Err(refusal(400)) } else { Ok(()) };
        assert_eq!(fetch(&sizes, server).0, Ok(None));
        assert_eq!(fetch(&sizes, server).1, [None]);
    }

    #[test]
    fn a_refusal_of_every_size_has_another_reason() {
        let sizes = PageSize::new(500);
        let (page, asked) = fetch(&sizes, |_| Err(refusal(400)));
        assert_eq!(page, Err(refusal(400)));
        assert_eq!(asked.len(), 6);
        assert_eq!(sizes.current(), Some(500));
        let (page, asked) = fetch(&sizes, |_| Err(Error::new(Code::ScopeMissing, "No.")));
        assert_eq!((page.map_err(|error| error.code), asked.len()), (Err(Code::ScopeMissing), 1));
    }
}
