//! Deletes accounts by age.

use alloc::string::String;

use super::{Deprovisioned, disable};
use crate::domain::{Account, User};
use crate::error::Result;
use crate::lifecycle::account::Dropped;
use crate::retool::Directory;
use crate::time::{days_ms, format_iso, parse_iso};
use crate::write_log::WriteLog;

/// What a person must do if a server does not say when it disabled an account.
pub(super) const NO_DATE: &str = "The server did not move the date of the account's last change when the account was disabled, so there \
     is no date from which days count, and it will not be deleted by age. Delete it by hand, or note the \
     date and give it as `disabled-since`.";

/// Disables the account. It may be deleted once it has been disabled and unchanged for this many
/// days, if the call sees that it disabled the account.
pub(super) async fn start_count(
    directory: &dyn Directory,
    account: &Account,
    days: u32,
    done: &mut Deprovisioned,
    write_log: &mut WriteLog,
) -> Result<()> {
    disable(directory, account, Dropped::PutBack, done, write_log).await?;
    let own = write_log.tombstones().first().and_then(|own| own.disabled_since.as_deref());
    match own.and_then(parse_iso) {
        Some(since) => done.deletion_due = Some(due(since, days)),
        None => done.remaining.push(String::from(NO_DATE)),
    }
    Ok(())
}

/// Returns the time from which the days of a disabled account count: when it was disabled, as the
/// caller recorded it, or the last change if that is later. A later edit may have enabled the
/// account meanwhile.
pub fn days_count_from(user: &User, recorded: i64) -> i64 {
    let edited = user.times.updated_at.as_deref().and_then(parse_iso);
    edited.map_or(recorded, |edited| edited.max(recorded))
}

/// Returns when an account that is disabled since `since` may be deleted.
pub(super) fn due(since: i64, days: u32) -> String {
    format_iso(since.saturating_add(days_ms(days)))
}
