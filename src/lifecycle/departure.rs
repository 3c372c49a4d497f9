//! Deprovisions one user, as far as the mode says.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::person::{check_absence, end_sessions, find_one, memberships, reread};
use crate::admins::{AdminGuard, check_removal};
use crate::domain::{
    Account, Dialect, Email, GroupLink, Tombstone, User, UserId, UserPatch, Write, WriteKind,
};
use crate::error::{Code, Error, Result};
use crate::retool::Directory;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::write_once::unchecked;
use crate::time::{days_ms, format_iso, parse_iso};
use crate::write_log::WriteLog;

/// How far a deprovision goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Disable.
    Disable,
    /// Disable, and remove every membership that can be removed.
    DisableAndStripGroups,
    /// Delete at once.
    Delete,
    /// Disable now; delete once the account has been disabled for this many days.
    DeleteOnceDisabled(u32),
}

/// A request to deprovision a user.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The person.
    pub email: Email,
    /// The id that the person must have.
    pub expected_id: Option<UserId>,
    /// How far it goes.
    pub mode: Mode,
    /// People who are never removed.
    pub protected_people: Vec<Email>,
    /// How many other enabled administrators must be left.
    pub minimum_admins: u32,
}

/// The outcome for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeprovisionOutcome {
    /// Deleted for good.
    Deleted,
    /// Disabled.
    Deactivated,
    /// Was disabled before.
    AlreadyDeactivated,
    /// Did not exist.
    AlreadyGone,
}

/// The result of a deprovision.
#[derive(Clone, Debug)]
pub struct Deprovisioned {
    /// The outcome for the account.
    pub outcome: DeprovisionOutcome,
    /// The account as it was found.
    pub tombstone: Option<Tombstone>,
    /// The groups the person was removed from.
    pub groups_removed: Vec<GroupLink>,
    /// When the account may be deleted.
    pub deletion_due: Option<String>,
    /// What must still be done by hand.
    pub remaining: Vec<String>,
    /// The writes, in order.
    pub writes: Vec<Write>,
}

impl Deprovisioned {
    fn new(outcome: DeprovisionOutcome) -> Self {
        Deprovisioned {
            outcome,
            tombstone: None,
            groups_removed: Vec::new(),
            deletion_due: None,
            remaining: Vec::new(),
            writes: Vec::new(),
        }
    }

    fn disabled(disabled: &Disabled) -> Self {
        Deprovisioned::new(match disabled {
            Disabled::Now(_) => DeprovisionOutcome::Deactivated,
            Disabled::Before => DeprovisionOutcome::AlreadyDeactivated,
        })
    }
}

/// Whether this call disabled the account.
enum Disabled {
    /// Disabled by this call. When the account last changed, as the server wrote it.
    Now(Option<String>),
    /// Disabled before this call.
    Before,
}

/// Deprovisions one user. `now` is milliseconds since the Unix epoch, for the tombstone. On failure
/// the error contains the writes so far.
pub async fn deprovision(
    directory: &dyn Directory,
    departure: &Departure,
    now: i64,
) -> Result<Deprovisioned> {
    let mut write_log = WriteLog::at(now);
    match deprovision_with(directory, departure, &mut write_log).await {
        Ok(mut done) => {
            done.writes = write_log.into_writes();
            Ok(done)
        }
        Err(error) => Err(write_log.attach_writes(error)),
    }
}

async fn deprovision_with(
    directory: &dyn Directory,
    departure: &Departure,
    write_log: &mut WriteLog,
) -> Result<Deprovisioned> {
    let email = &departure.email;
    if departure.protected_people.contains(email) {
        return Err(Error::new(
            Code::ProtectedPerson,
            "This person is protected, so nothing was written. Take them off the list of protected people first.",
        )
        .about(email.as_str()));
    }
    let Some(found) = find_one(directory, email).await? else {
        let mut done = Deprovisioned::new(DeprovisionOutcome::AlreadyGone);
        done.remaining.extend(check_absence(directory, email)?);
        return Ok(done);
    };
    if departure.expected_id.as_ref().is_some_and(|expected| *expected != found.id) {
        return Err(Error::new(
            Code::WrongPerson,
            "The person of this address has another id than expected, so nothing was written. \
             Look at who has the address now.",
        )
        .in_field("request.expected-id")
        .about(email.as_str()));
    }
    // Slow requests come before the account is read: a full PUT undoes what another administrator
    // changes between that read and the write.
    let mut known = found;
    // `/api/v2` returns a user's groups with the account, but not in listings.
    let mut account_has_groups = directory.capabilities().dialect == Dialect::V2;
    let account = loop {
        let guard = AdminGuard { minimum: departure.minimum_admins, ..AdminGuard::default() };
        check_removal(directory, &known, &guard).await?;
        let groups = match account_has_groups {
            true => known.groups.clone(),
            false => Some(memberships(directory, &known).await?),
        };
        let Some(mut account) = reread(directory, &known.id, email).await? else {
            // An invitation that was accepted meanwhile is an account with another id now.
            if known.is_invitation()
                && let Some(found) = find_one(directory, email).await?
                && found.id != known.id
            {
                known = found;
                continue;
            }
            return Ok(Deprovisioned::new(DeprovisionOutcome::AlreadyGone));
        };
        account.user.groups = account.user.groups.or(groups);
        if account.user.groups.is_none() {
            account_has_groups = false;
            known = account.user;
            continue;
        }
        if !account.user.is_enabled_admin() || known.is_enabled_admin() {
            break account;
        }
        // The user was made an administrator, or enabled, since the check: check again.
        known = account.user;
    };
    let tombstone = write_log.keep(account.clone()).clone();
    let user = &account.user;
    let mut done = match departure.mode {
        _ if user.is_invitation() => withdraw(directory, user, write_log).await?,
        Mode::Disable => Deprovisioned::disabled(&disable(directory, &account, write_log).await?),
        Mode::DisableAndStripGroups => {
            let disabled = disable(directory, &account, write_log).await?;
            let mut done = Deprovisioned::disabled(&disabled);
            strip(directory, user, &mut done, write_log).await?;
            done
        }
        Mode::Delete => delete(directory, user, write_log).await?,
        Mode::DeleteOnceDisabled(days) => {
            delete_when_due(directory, &account, days, write_log).await?
        }
    };
    if done.outcome == DeprovisionOutcome::Deactivated {
        done.remaining.extend(end_sessions(directory, user, write_log).await);
    }
    if tombstone.raw.is_none() {
        done.remaining.push(format!(
            "The server's record is larger than {} bytes, so the tombstone lacks it: fields that this version does not know are not in it.",
            Tombstone::MOST_RAW_BYTES
        ));
    }
    done.tombstone = Some(tombstone);
    Ok(done)
}

/// Withdraws an invitation that is not accepted yet. There is no account to disable.
async fn withdraw(
    directory: &dyn Directory,
    user: &User,
    write_log: &mut WriteLog,
) -> Result<Deprovisioned> {
    Ok(Deprovisioned::new(match delete_account(directory, user, write_log).await? {
        Deletion::AlreadyGone => DeprovisionOutcome::AlreadyGone,
        Deletion::Deleted | Deletion::Deactivated => DeprovisionOutcome::Deleted,
    }))
}

async fn disable(
    directory: &dyn Directory,
    account: &Account,
    write_log: &mut WriteLog,
) -> Result<Disabled> {
    if account.user.disabled {
        return Ok(Disabled::Before);
    }
    let patch = UserPatch { disabled: Some(true), ..UserPatch::default() };
    let disabled = directory.update_user(account, &patch).await;
    let user =
        write_log.record(WriteKind::UserDisabled, account.user.email.as_str(), None, disabled)?;
    Ok(Disabled::Now(user.updated_at))
}

async fn strip(
    directory: &dyn Directory,
    user: &User,
    done: &mut Deprovisioned,
    write_log: &mut WriteLog,
) -> Result<()> {
    let address = user.email.as_str();
    for group in user.groups.iter().flatten() {
        let removed = directory.remove_member(&group.id, &user.id).await;
        match write_log.member(WriteKind::MemberRemoved, address, group.label(), removed) {
            Ok(true) => done.groups_removed.push(group.clone()),
            Ok(false) => {}
            // Users can't be removed from groups whose members the server manages.
            Err(error) if error.code == Code::ServerRefused => {
                done.remaining
                    .push(format!("The server keeps {address} in the group {}.", group.label()));
            }
            Err(error) => return Err(error),
        }
    }
    if done.groups_removed.is_empty() {
        return Ok(());
    }
    let read = read_back(directory, async || {
        let Some(account) = reread(directory, &user.id, &user.email).await? else {
            return Ok(ReadBack::Holds(()));
        };
        let left = memberships(directory, &account.user).await?;
        let kept =
            done.groups_removed.iter().find(|group| left.iter().any(|link| link.id == group.id));
        Ok(kept.map_or(ReadBack::Holds(()), |group| ReadBack::NotYet(group.label().to_string())))
    });
    read.await?.map_err(|kept| {
        Error::new(
            Code::NotVerified,
            format!("The server accepted the removal from {kept}, but it did not hold when read back. Look at the group in Retool, then ask again."),
        )
        .about(address)
    })
}

/// Returns whether a deletion has nothing left to do: deletions only disable, and the user is
/// disabled.
pub fn is_as_gone_as_can_be(directory: &dyn Directory, user: &User) -> bool {
    user.disabled && !user.is_invitation() && !directory.capabilities().deletes_people
}

/// The outcome of a deletion.
pub enum Deletion {
    /// The account is gone for good.
    Deleted,
    /// The server only disabled it.
    Deactivated,
    /// It did not exist.
    AlreadyGone,
}

/// Deletes an account that was just read, and reads it back. Reports what the server did, which
/// may be only disabling.
pub async fn delete_account(
    directory: &dyn Directory,
    user: &User,
    write_log: &mut WriteLog,
) -> Result<Deletion> {
    let address = user.email.as_str();
    let kind = match user.is_invitation() {
        true => WriteKind::InvitationCancelled,
        false => WriteKind::UserDeleted,
    };
    let failure = match directory.delete_user(&user.id).await {
        Ok(true) => None,
        Ok(false) => {
            check_not_accepted(directory, user).await?;
            return Ok(Deletion::AlreadyGone);
        }
        Err(error) if error.maybe_applied => Some(error.about(address)),
        Err(error) => return Err(error.about(address)),
    };
    // If deletions only disable, a disabled account is the final state: don't wait for more.
    let only_disables = failure.is_none()
        && !user.disabled
        && !user.is_invitation()
        && !directory.capabilities().deletes_people;
    let look = read_back(directory, async || {
        Ok(match reread(directory, &user.id, &user.email).await? {
            None => ReadBack::Holds(None),
            Some(account) if only_disables && account.user.disabled => {
                ReadBack::Holds(Some(account.user.disabled))
            }
            Some(account) => ReadBack::NotYet(account.user.disabled),
        })
    });
    let disabled = match (look.await, failure) {
        (Ok(Ok(Some(disabled))), _) => disabled,
        (Ok(Ok(None)), _) => {
            let checked = check_not_accepted(directory, user).await;
            match &checked {
                Ok(()) => write_log.confirmed(kind, address, None),
                Err(_) => write_log.unconfirmed(kind, address, None),
            }
            return checked.map(|()| Deletion::Deleted);
        }
        (Ok(Err(disabled)), None) => disabled,
        (Ok(Err(_)), Some(failure)) | (Err(failure), None) => {
            write_log.unconfirmed(kind, address, None);
            return Err(failure.about(address));
        }
        (Err(check), Some(failure)) => {
            write_log.unconfirmed(kind, address, None);
            return Err(unchecked(failure, check));
        }
    };
    // If the user was disabled before, `disabled` shows nothing: the read may be stale.
    if disabled && !user.disabled {
        write_log.confirmed(WriteKind::UserDisabled, address, None);
        return Ok(Deletion::Deactivated);
    }
    write_log.unconfirmed(kind, address, None);
    Err(Error::new(
        Code::NotVerified,
        "The server accepted the deletion, but the account is still there. Look at it in Retool, and ask again.",
    )
    .about(address))
}

/// Checks that an invitation that is gone was withdrawn rather than accepted.
async fn check_not_accepted(directory: &dyn Directory, user: &User) -> Result<()> {
    if !user.is_invitation() {
        return Ok(());
    }
    match find_one(directory, &user.email).await? {
        Some(found) if !found.is_invitation() => Err(Error::new(
            Code::NotVerified,
            "The invitation was accepted at the same time, so there is an account now, which was left as it is. Ask again.",
        )
        .about(user.email.as_str())),
        _ => Ok(()),
    }
}

async fn delete(
    directory: &dyn Directory,
    user: &User,
    write_log: &mut WriteLog,
) -> Result<Deprovisioned> {
    if is_as_gone_as_can_be(directory, user) {
        return Ok(Deprovisioned::new(DeprovisionOutcome::AlreadyDeactivated));
    }
    Ok(Deprovisioned::new(match delete_account(directory, user, write_log).await? {
        Deletion::Deleted => DeprovisionOutcome::Deleted,
        Deletion::Deactivated => DeprovisionOutcome::Deactivated,
        Deletion::AlreadyGone => DeprovisionOutcome::AlreadyGone,
    }))
}

/// Disables the account, or deletes it once it has been disabled and unchanged for this many days.
/// Takes both times from the server's clock: a host's clock may be wrong by any amount, and an
/// early deletion can't be undone.
async fn delete_when_due(
    directory: &dyn Directory,
    account: &Account,
    days: u32,
    write_log: &mut WriteLog,
) -> Result<Deprovisioned> {
    let disabled = disable(directory, account, write_log).await?;
    let mut done = Deprovisioned::disabled(&disabled);
    let changed_at = match &disabled {
        Disabled::Now(changed_at) => changed_at,
        Disabled::Before => &account.user.updated_at,
    };
    let Some(since) = changed_at.as_deref().and_then(parse_iso) else {
        done.remaining.push(String::from(
            "The server does not say in a readable form when the account was last changed, so it is not deleted \
             by age. Delete it by hand.",
        ));
        return Ok(done);
    };
    let due = since.saturating_add(days_ms(days));
    if let Disabled::Before = disabled {
        match account.read_at {
            Some(now) if due <= now => return delete(directory, &account.user, write_log).await,
            Some(_) => {}
            None => done.remaining.push(String::from(
                "The server's answers carry no date, so the account is not deleted by age. Delete it by hand.",
            )),
        }
    }
    done.deletion_due = Some(format_iso(due));
    Ok(done)
}

#[cfg(test)]
mod tests;
