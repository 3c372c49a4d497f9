//! Deletes accounts by age.

use alloc::string::String;

use super::{Deprovisioned, delete, disable};
use crate::domain::Account;
use crate::error::Result;
use crate::lifecycle::account::Dropped;
use crate::retool::Directory;
use crate::time::{days_ms, format_iso, parse_iso};
use crate::write_log::WriteLog;

/// Disables the account, or deletes it once it has been disabled and unchanged for this many days.
/// An early deletion can't be undone, so it needs a date on which a call saw that it disabled the
/// account, and the server's clock: a host's clock may be wrong by any amount.
pub(super) async fn delete_when_due(
    directory: &dyn Directory,
    account: &Account,
    days: u32,
    disabled_since: Option<i64>,
    done: &mut Deprovisioned,
    write_log: &mut WriteLog,
) -> Result<()> {
    let user = &account.user;
    let changed = disable(directory, account, Dropped::PutBack, done, write_log).await?;
    if changed.is_some() {
        let own = write_log.tombstones().first().and_then(|own| own.disabled_since.as_deref());
        match own.and_then(parse_iso) {
            Some(since) => done.deletion_due = Some(due(since, days)),
            None => done.remaining.push(String::from(
                "The server did not move the date of the account's last change when the account was disabled, so there \
                 is no date from which days count, and it will not be deleted by age. Delete it by hand, or note the \
                 date and give it as `disabled-since`.",
            )),
        }
        return Ok(());
    }
    let Some(given) = disabled_since else {
        done.remaining.push(String::from(
            "It is not known since when the account is disabled, so it is not deleted by age. Give `disabled-since` from \
             the result or the tombstone of the call that disabled it, or delete it by hand.",
        ));
        return Ok(());
    };
    // A later edit may have enabled the account meanwhile, so the days count from it again.
    let edited = user.updated_at.as_deref().and_then(parse_iso);
    let since = edited.map_or(given, |edited| edited.max(given));
    match account.read_at {
        Some(now) if since.saturating_add(days_ms(days)) <= now => {
            return delete(directory, user, done, write_log).await;
        }
        Some(_) => {}
        None => done.remaining.push(String::from(
            "The server's answers carry no date, so the account is not deleted by age. Delete it by hand.",
        )),
    }
    done.deletion_due = Some(due(since, days));
    Ok(())
}

/// Returns when an account that is disabled since `since` may be deleted.
fn due(since: i64, days: u32) -> String {
    format_iso(since.saturating_add(days_ms(days)))
}
