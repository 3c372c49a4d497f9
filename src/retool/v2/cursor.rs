//! The cursors of `page-users` and `page-groups` on `/api/v2`. They are opaque to callers. The
//! cursor for accounts contains the server's own token, and a checksum to detect changes.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use crate::error::Result;
use crate::retool::cursor;

/// The largest page of accounts that a server returns.
pub const LARGEST_PAGE: u32 = 100;

/// The position at which a listing of users continues: first accounts, then invitations.
#[derive(Clone, Debug, PartialEq)]
pub enum UserCursor {
    /// Among the accounts.
    Accounts {
        /// The page size of the whole listing.
        size: u32,
        /// The position; `None` for the first page.
        after: Option<After>,
    },
    /// Among the invitations.
    Invitations(Offset),
}

/// The position after a page of accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct After {
    /// The server's token for the next page.
    pub token: String,
    /// The number of invitations, which the total includes.
    pub invited: u32,
}

impl After {
    /// Encodes the cursor.
    pub fn write(&self, size: u32) -> String {
        let After { token, invited } = self;
        format!("{ACCOUNTS}.{size}.{invited}.{:08x}.{token}", check(&[size, *invited], token))
    }
}

impl UserCursor {
    /// Reads a cursor, or starts with a page size.
    pub fn resume(cursor: Option<&str>, size: u32) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(UserCursor::Accounts { size: size.clamp(1, LARGEST_PAGE), after: None });
        };
        if cursor.starts_with(INVITATIONS) {
            return Offset::read(cursor, INVITATIONS).map(UserCursor::Invitations);
        }
        let mut parts = cursor.splitn(5, '.');
        let mut part = || parts.next();
        let parsed = match (part(), part(), part(), part(), part()) {
            (Some(ACCOUNTS), Some(size), Some(invited), Some(_), Some(token)) => size
                .parse::<u32>()
                .ok()
                .zip(invited.parse().ok())
                .map(|(size, invited)| (size, After { token: token.to_owned(), invited })),
            _ => None,
        };
        parsed
            .filter(|(size, after)| (1..=LARGEST_PAGE).contains(size) && !after.token.is_empty())
            // Also refuses other spellings of the numbers.
            .filter(|(size, after)| after.write(*size) == cursor)
            .map(|(size, after)| UserCursor::Accounts { size, after: Some(after) })
            .ok_or_else(cursor::invalid)
    }
}

/// Returns the cursor of the first invitation that is not on the page of the last accounts.
pub fn invitations_after(size: u32, offset: usize) -> String {
    Offset { offset, size }.write(INVITATIONS)
}

/// Computes a checksum similar to FNV-1a. It is enough to detect a cursor that was cut short or
/// altered by accident.
fn check(numbers: &[u32], text: &str) -> u32 {
    let words = numbers.iter().copied().chain(text.bytes().map(u32::from));
    words.fold(0x811c_9dc5, |hash, word| (hash ^ word).wrapping_mul(0x0100_0193))
}

const ACCOUNTS: &str = "v2-users";
const INVITATIONS: &str = "v2-invitations";
const GROUPS: &str = "v2-groups";

/// A position in a listing that the server returns as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// The number of items before this position.
    pub offset: usize,
    /// The page size of the whole listing.
    pub size: u32,
}

impl Offset {
    /// Reads a cursor of groups, or starts with a page size.
    pub fn resume_groups(cursor: Option<&str>, size: u32) -> Result<Self> {
        match cursor {
            Some(cursor) => Offset::read(cursor, GROUPS),
            None => Ok(Offset { offset: 0, size }),
        }
    }

    /// The cursor of the next page of groups, if there is one.
    pub fn groups_after(self, total: usize) -> Option<String> {
        self.next(total).map(|next| next.write(GROUPS))
    }

    /// The cursor of the next page of invitations, if there is one.
    pub fn invitations_after(self, total: usize) -> Option<String> {
        self.next(total).map(|next| next.write(INVITATIONS))
    }

    fn next(self, total: usize) -> Option<Self> {
        let offset = self.offset.saturating_add(self.size as usize);
        (offset < total).then_some(Offset { offset, ..self })
    }

    fn write(self, kind: &str) -> String {
        cursor::write(kind, self.offset, self.size)
    }

    fn read(cursor: &str, kind: &str) -> Result<Self> {
        let (offset, size) = cursor::read(cursor, kind)?;
        Ok(Offset { offset: offset as usize, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn after(token: &str) -> After {
        After { token: token.to_owned(), invited: 3 }
    }

    #[test]
    fn the_servers_token_survives_a_round_trip() {
        for token in ["eyJsYXN0SWQiOjEyM30=", "a.b.c", "7+2/==", "jürgen", " "] {
            let cursor = after(token).write(50);
            let resumed = UserCursor::resume(Some(&cursor), 7);
            assert_eq!(resumed, Ok(UserCursor::Accounts { size: 50, after: Some(after(token)) }));
        }
    }

    #[test]
    fn pages_are_as_large_as_the_server_allows() {
        for (asked, size) in [(1, 1), (100, 100), (500, 100)] {
            let first = UserCursor::resume(None, asked);
            assert_eq!(first, Ok(UserCursor::Accounts { size, after: None }));
        }
    }

    #[test]
    fn an_unpaged_listing_continues_by_offset() {
        let first = Offset::resume_groups(None, 3).expect("a start");
        let next = first.groups_after(7).expect("a second page");
        let second = Offset::resume_groups(Some(&next), 9).expect("a cursor");
        assert_eq!(second, Offset { offset: 3, size: 3 });
        assert_eq!(second.groups_after(6), None);
        let cursor = invitations_after(100, 2);
        let at = UserCursor::Invitations(Offset { offset: 2, size: 100 });
        assert_eq!(UserCursor::resume(Some(&cursor), 9), Ok(at));
    }

    #[test]
    fn damaged_cursors_are_refused() {
        let good = after("token").write(50);
        let cut = &good[..good.len() - 1];
        let grown = format!("{good}=");
        let forged = good.replace("token", "taken");
        let resized = good.replacen("50", "51", 1);
        let recounted = good.replacen(".3.", ".4.", 1);
        let respelt = good.replacen("50", "050", 1);
        for bad in [
            "",
            "2",
            "v2-users",
            "v2-users.50",
            "v2-users.50.3.811c9dc5.",
            "v2-users.50.3..token",
            "v2-users.50.811c9dc5.token",
            "v2-groups.2.50",
            "v2-invitations.2",
            "v2-invitations.+2.50",
            "v2-invitations.02.50",
            "v2-invitations.2.0",
            "v2-invitations.2.5000",
            "v2-invitations.2.50.1",
            "v2-invitations.99999999999.50",
            "v1-users.2.50",
            cut,
            &grown,
            &forged,
            &resized,
            &recounted,
            &respelt,
            &good[1..],
            &after("token").write(101),
            &after("token").write(0),
        ] {
            let error = UserCursor::resume(Some(bad), 50).expect_err(bad);
            assert_eq!(error.code, Code::CursorInvalid, "{bad}");
        }
        for bad in ["", "v2-groups.2", "v2-groups.-2.50", "v2-invitations.2.50", good.as_str()] {
            let error = Offset::resume_groups(Some(bad), 50).expect_err(bad);
            assert_eq!(error.code, Code::CursorInvalid, "{bad}");
        }
    }
}
