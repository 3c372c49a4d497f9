//! The record of a user from before a removal.

use alloc::string::String;

use super::{Account, User};

/// An account as it was before a call disabled, deleted or stripped it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tombstone {
    /// The account as it was, memberships included.
    pub user: User,
    /// The server's whole record, as JSON; `None` if the account was only read from a listing, or
    /// if the record is too large to be kept.
    pub raw: Option<String>,
    /// When the call disabled the account, where it saw that its own write did so.
    pub disabled_since: Option<String>,
    /// When it was recorded; empty until then.
    pub recorded_at: String,
}

impl Tombstone {
    /// The largest record that is kept, in bytes: engines bound the size of a result.
    pub const MOST_RAW_BYTES: usize = 65_536;

    /// Creates the tombstone of an account that was just read.
    pub fn of(account: Account, recorded_at: String) -> Self {
        let Account { user, raw, read_at: _ } = account;
        let raw = (raw.len() <= Tombstone::MOST_RAW_BYTES).then_some(raw);
        Tombstone { user, raw, disabled_since: None, recorded_at }
    }
}
