//! Departure: one person removed, as far as the mode says.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::person::{enabled_admins_besides, find_one, memberships, reread};
use super::provision::last_admin;
use crate::domain::{Account, Email, GroupLink, User, UserId, UserPatch, Write, WriteKind};
use crate::error::{Code, Error, Result};
use crate::journal::Journal;
use crate::retool::{Directory, READINGS};
use crate::time::{days_ms, format_iso, parse_iso};

/// How far a departure goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Disable.
    Disable,
    /// Disable, and remove every membership that can be removed.
    DisableAndStripGroups,
    /// Delete at once.
    Delete,
    /// Disable now; delete once disabled for so many days.
    DeleteOnceDisabled(u32),
}

/// Who shall leave, and how.
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

/// What became of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeprovisionOutcome {
    /// Gone for good.
    Deleted,
    /// Disabled.
    Deactivated,
    /// Disabled before.
    AlreadyDeactivated,
    /// Was not there.
    AlreadyGone,
}

/// What `restore` needs to undo a departure.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// The account as it was, memberships included.
    pub user: User,
    /// The server's whole record, as JSON.
    pub raw: String,
    /// When it was recorded.
    pub recorded_at: String,
}

/// What a departure took.
#[derive(Clone, Debug)]
pub struct Deprovisioned {
    /// What became of the account.
    pub outcome: DeprovisionOutcome,
    /// The account as it was found.
    pub tombstone: Option<Tombstone>,
    /// The groups the person was removed from.
    pub groups_removed: Vec<GroupLink>,
    /// When the account may be deleted.
    pub deletion_due: Option<String>,
    /// What a person must still do.
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
}

/// Removes one person; `now` is milliseconds since the Unix epoch. On failure the error
/// carries the writes so far.
pub async fn deprovision(
    directory: &dyn Directory,
    departure: &Departure,
    now: i64,
) -> Result<Deprovisioned> {
    let mut journal = Journal::default();
    match depart(directory, departure, now, &mut journal).await {
        Ok(mut done) => {
            done.writes = journal.into_writes();
            Ok(done)
        }
        Err(error) => Err(journal.blame(error)),
    }
}

async fn depart(
    directory: &dyn Directory,
    departure: &Departure,
    now: i64,
    journal: &mut Journal,
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
        return Ok(Deprovisioned::new(DeprovisionOutcome::AlreadyGone));
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
    let Some(mut account) = reread(directory, &found.id, email).await? else {
        return Ok(Deprovisioned::new(DeprovisionOutcome::AlreadyGone));
    };
    account.user.groups = Some(memberships(directory, &account.user).await?);
    let user = &account.user;
    if user.admin && !user.disabled {
        let others = enabled_admins_besides(directory, &user.id).await?;
        if others < departure.minimum_admins {
            return Err(last_admin(email, others, departure.minimum_admins));
        }
    }
    let mut done = match departure.mode {
        Mode::Disable => disable(directory, &account, journal).await?,
        Mode::DisableAndStripGroups => {
            let mut done = disable(directory, &account, journal).await?;
            strip(directory, user, &mut done, journal).await?;
            done
        }
        Mode::Delete => delete_account(directory, user, journal).await?,
        Mode::DeleteOnceDisabled(days) => {
            delete_when_due(directory, &account, days, now, journal).await?
        }
    };
    done.tombstone =
        Some(Tombstone { user: account.user, raw: account.raw, recorded_at: format_iso(now) });
    Ok(done)
}

async fn disable(
    directory: &dyn Directory,
    account: &Account,
    journal: &mut Journal,
) -> Result<Deprovisioned> {
    if account.user.disabled {
        return Ok(Deprovisioned::new(DeprovisionOutcome::AlreadyDeactivated));
    }
    let patch = UserPatch { disabled: Some(true), ..UserPatch::default() };
    let disabled = directory.update_user(account, &patch).await;
    journal.record(WriteKind::UserDisabled, account.user.email.as_str(), None, disabled)?;
    Ok(Deprovisioned::new(DeprovisionOutcome::Deactivated))
}

async fn strip(
    directory: &dyn Directory,
    user: &User,
    done: &mut Deprovisioned,
    journal: &mut Journal,
) -> Result<()> {
    let address = user.email.as_str();
    for group in user.groups.iter().flatten() {
        let removed = directory.remove_member(&group.id, &user.id).await;
        match journal.record(WriteKind::MemberRemoved, address, Some(group.label()), removed) {
            Ok(()) => done.groups_removed.push(group.clone()),
            // Groups whose members the server manages can't be left.
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
    let mut reading = 1;
    loop {
        let Some(account) = reread(directory, &user.id, &user.email).await? else {
            return Ok(());
        };
        let left = memberships(directory, &account.user).await?;
        let Some(kept) =
            done.groups_removed.iter().find(|group| left.iter().any(|link| link.id == group.id))
        else {
            return Ok(());
        };
        if reading == READINGS || !directory.settle(reading).await {
            return Err(Error::new(
                Code::NotVerified,
                format!("The server accepted the removal from {}, but it did not hold when read back. Look at the group in Retool, then ask again.", kept.label()),
            )
            .about(address));
        }
        reading += 1;
    }
}

/// Deletes an account that was just read, and looks what the server made of it.
pub async fn delete_account(
    directory: &dyn Directory,
    user: &User,
    journal: &mut Journal,
) -> Result<Deprovisioned> {
    let address = user.email.as_str();
    let mut deleted = directory.delete_user(&user.id).await;
    // Where no answer came, a look tells; to be asked again would find nothing to record.
    if deleted.as_ref().is_err_and(|error| error.maybe_applied)
        && let Ok(None) = reread(directory, &user.id, &user.email).await
    {
        deleted = Ok(true);
    }
    let there = match &deleted {
        Ok(there) => *there,
        Err(_) => true,
    };
    if !there {
        return Ok(Deprovisioned::new(DeprovisionOutcome::AlreadyGone));
    }
    journal.record(WriteKind::UserDeleted, address, None, deleted)?;
    // What the server did decides what is reported: some only deactivate.
    let mut reading = 1;
    loop {
        let Some(account) = reread(directory, &user.id, &user.email).await? else {
            return Ok(Deprovisioned::new(DeprovisionOutcome::Deleted));
        };
        if reading == READINGS || !directory.settle(reading).await {
            if account.user.disabled {
                return Ok(Deprovisioned::new(DeprovisionOutcome::Deactivated));
            }
            return Err(Error::new(
                Code::NotVerified,
                "The server accepted the deletion, but the account is still there and enabled. Disable it, and look at the server's log.",
            )
            .about(address));
        }
        reading += 1;
    }
}

async fn delete_when_due(
    directory: &dyn Directory,
    account: &Account,
    days: u32,
    now: i64,
    journal: &mut Journal,
) -> Result<Deprovisioned> {
    if !account.user.disabled {
        let mut done = disable(directory, account, journal).await?;
        done.deletion_due = Some(format_iso(now + days_ms(days)));
        return Ok(done);
    }
    let Some(since) = account.user.updated_at.as_deref().and_then(parse_iso) else {
        let mut done = Deprovisioned::new(DeprovisionOutcome::AlreadyDeactivated);
        done.remaining.push(String::from(
            "The server does not say when the account was last changed, so it is not deleted by age. Delete it by hand.",
        ));
        return Ok(done);
    };
    let due = since.saturating_add(days_ms(days));
    if due <= now {
        return delete_account(directory, &account.user, journal).await;
    }
    let mut done = Deprovisioned::new(DeprovisionOutcome::AlreadyDeactivated);
    done.deletion_due = Some(format_iso(due));
    Ok(done)
}
