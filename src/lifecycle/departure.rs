//! Deprovisions one user, as far as the mode says.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::account::{Changed, Dropped, GONE, change_account, disabled_since};
use super::deletion::{Deletion, KEPT, accepted, delete_account, is_as_gone_as_can_be};
use super::group_admins::add_group_admins;
use super::invitation::{open_invitations, withdraw_all};
use super::person::{
    check_absence, check_ref, check_refs, find_by_email, find_one, listed_without_record,
    memberships, reread,
};
use super::sessions::end_sessions;
use crate::admins::{AdminGuard, check_departure};
use crate::domain::{
    Account, Dialect, GroupLink, Tombstone, User, UserId, UserPatch, UserRef, Write, WriteKind,
};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Directory, ReadDirectory, membership};
use crate::write_log::WriteLog;

mod age;
mod decision;
mod expected;
mod plan;

pub use age::days_count_from;
use age::start_count;
use decision::Action;
pub(super) use expected::check_expected;
pub use plan::{DeparturePlan, plan_deprovision};

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
    pub user: UserRef,
    /// The id that the person must have.
    pub expected_id: Option<UserId>,
    /// How far it goes.
    pub mode: Mode,
    /// Since when the account is disabled, in milliseconds since the Unix epoch, as an earlier call
    /// saw it. For [`Mode::DeleteOnceDisabled`].
    pub disabled_since: Option<i64>,
    /// People who are never removed.
    pub protected_people: Vec<UserRef>,
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

/// The person of a departure, as found before the first write.
enum Departing {
    /// There is no such account.
    Gone(Box<Deprovisioned>),
    /// The account, the open invitations to its address, and what can't be done whatever is
    /// written.
    Found { account: Box<Account>, invitations: Vec<User>, remaining: Vec<String> },
}

/// Finds the person, and makes every check that can refuse the departure before a write.
async fn find_departing(directory: &dyn ReadDirectory, departure: &Departure) -> Result<Departing> {
    let Departure { user: who, protected_people: protected, .. } = departure;
    let dialect = directory.capabilities().dialect;
    check_ref(dialect, who, || format!("request.user.{}", who.what()))?;
    check_refs(dialect, protected, |at| format!("request.protected-people[{at}]"))?;
    if protected.contains(who) {
        return Err(is_protected(who.as_str()));
    }
    let mut found = find_one(directory, who).await?;
    if let Some(expected) = &departure.expected_id {
        found = check_expected(directory, who, expected, found).await?;
    }
    let Some(found) = found else {
        let mut done = Deprovisioned::new(DeprovisionOutcome::AlreadyGone);
        done.remaining.extend(check_absence(directory, who)?);
        return Ok(Departing::Gone(Box::new(done)));
    };
    // What the account must still answer to, each time that it is read.
    let email = &who.email().unwrap_or(&found.email).clone();
    let mut remaining = Vec::new();
    let invitations = match open_invitations(directory, &found.email).await {
        Ok(invitations) => invitations,
        Err(error) if ends_the_run(&error) => return Err(error.about(email.as_str())),
        Err(error) => {
            remaining.push(format!(
                "The invitations could not be read ({}). Look in Retool whether there is one for the person.",
                error.code.as_str()
            ));
            Vec::new()
        }
    };
    // Slow requests come before the account is read: a full PUT undoes what another administrator
    // changes between that read and the write.
    let mut known = found;
    // `/api/v2` returns a user's groups with the account, but not in listings.
    let mut account_has_groups = directory.capabilities().dialect == Dialect::V2;
    let account = loop {
        if protected.iter().any(|who| who.means(&known)) {
            return Err(is_protected(known.email.as_str()));
        }
        let guard = AdminGuard { minimum: departure.minimum_admins, ..AdminGuard::default() };
        check_departure(directory, &known, &guard).await?;
        let groups = match account_has_groups {
            true => known.groups.clone(),
            false => Some(memberships(directory, &known).await?),
        };
        let Some(mut account) = reread(directory, &known.id, email).await? else {
            // An invitation that was accepted meanwhile is an account with another id now.
            if known.is_invitation()
                && let Some(found) = find_by_email(directory, &known.email).await?
                && found.id != known.id
            {
                known = found;
                continue;
            }
            // It was found a moment ago. Another look tells a deletion from a missing record.
            let read = read_back(directory, async || {
                let found = find_by_email(directory, &known.email).await?;
                let is_listed = found.is_some_and(|found| found.id == known.id);
                Ok(if is_listed { ReadBack::NotYet(()) } else { ReadBack::Holds(()) })
            });
            read.await?.map_err(|()| listed_without_record(&known.email))?;
            let gone = Deprovisioned::new(DeprovisionOutcome::AlreadyGone);
            return Ok(Departing::Gone(Box::new(gone)));
        };
        if let Some(groups) = groups {
            membership::join(account.user.groups.get_or_insert_default(), groups);
        }
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
    let mut account = account;
    if protected.iter().any(|who| who.means(&account.user)) {
        return Err(is_protected(account.user.email.as_str()));
    }
    // Disabling leaves the memberships as they are.
    let takes_memberships = matches!(departure.mode, Mode::DisableAndStripGroups | Mode::Delete);
    if takes_memberships && let Err(error) = add_group_admins(directory, &mut account.user).await {
        // Nothing that can't be undone is done without a record.
        if departure.mode == Mode::DisableAndStripGroups || ends_the_run(&error) {
            return Err(error.about(email.as_str()));
        }
        remaining.push(format!(
            "The groups could not be read ({}), so the tombstone does not say which of them the person administers.",
            error.code.as_str()
        ));
    }
    Ok(Departing::Found { account: Box::new(account), invitations, remaining })
}

async fn deprovision_with(
    directory: &dyn Directory,
    departure: &Departure,
    write_log: &mut WriteLog,
) -> Result<Deprovisioned> {
    let (account, invitations, remaining) = match find_departing(directory, departure).await? {
        Departing::Gone(done) => return Ok(*done),
        Departing::Found { account, invitations, remaining } => (*account, invitations, remaining),
    };
    let mut done =
        Deprovisioned { remaining, ..Deprovisioned::new(DeprovisionOutcome::AlreadyGone) };
    write_log.keep(account.clone());
    let action = decision::decide(departure, &account);
    let carried_out = carry_out(directory, action, &account, &mut done, write_log).await;
    let left = match carried_out {
        Ok(()) => withdraw_all(directory, &account.user, &invitations, write_log).await,
        Err(error) => Err(error),
    };
    let left = left.map(|left| done.remaining.extend(left));
    if let Err(mut error) = left {
        for remaining in &done.remaining {
            error.message.push(' ');
            error.message.push_str(remaining);
        }
        return Err(error);
    }
    done.tombstone = write_log.tombstones().first().cloned();
    done.remaining.extend(done.tombstone.as_ref().and_then(lacks_record));
    Ok(done)
}

/// Says that a tombstone lacks the server's record, if so.
fn lacks_record(tombstone: &Tombstone) -> Option<String> {
    tombstone.raw.is_none().then(|| {
        format!(
            "The server's record is larger than {} bytes, so the tombstone lacks it: fields that this version does not \
             know are not in it.",
            Tombstone::MOST_RAW_BYTES
        )
    })
}

fn is_protected(subject: &str) -> Error {
    Error::new(
        Code::ProtectedPerson,
        "This person is protected, so nothing was written. Take them off the list of protected people first.",
    )
    .about(subject)
}

/// Makes the writes. What they leave to be done is in `done`, also if they fail.
async fn carry_out(
    directory: &dyn Directory,
    action: Action,
    account: &Account,
    done: &mut Deprovisioned,
    write_log: &mut WriteLog,
) -> Result<()> {
    let user = &account.user;
    match action {
        Action::Withdraw => {
            done.outcome = match delete_account(directory, user, write_log).await? {
                Deletion::AlreadyGone => DeprovisionOutcome::AlreadyGone,
                Deletion::Accepted => return Err(accepted(user.email.as_str())),
                Deletion::Deleted | Deletion::Deactivated | Deletion::Kept => {
                    DeprovisionOutcome::Deleted
                }
            };
        }
        Action::Disable => {
            disable(directory, account, Dropped::PutBack, done, write_log).await?;
        }
        Action::DisableAndStrip => {
            let changed = disable(directory, account, Dropped::Stay, done, write_log).await?;
            let dropped = changed.map(|changed| changed.dropped).unwrap_or_default();
            strip(directory, user, dropped, done, write_log).await?;
        }
        Action::Delete => delete(directory, user, done, write_log).await?,
        Action::StartCount(days) => start_count(directory, account, days, done, write_log).await?,
        Action::Wait(wait) => {
            disable(directory, account, Dropped::PutBack, done, write_log).await?;
            done.remaining.extend(wait.why().map(String::from));
            done.deletion_due = wait.due();
        }
    }
    Ok(())
}

/// Disables the account unless it is disabled, and ends the sessions right after that. Returns what
/// changed; `None` if it was disabled before.
async fn disable(
    directory: &dyn Directory,
    account: &Account,
    dropped: Dropped,
    done: &mut Deprovisioned,
    write_log: &mut WriteLog,
) -> Result<Option<Changed>> {
    let user = &account.user;
    if user.disabled {
        done.outcome = DeprovisionOutcome::AlreadyDeactivated;
        // The call that disabled it may have failed before this.
        done.remaining.extend(end_sessions(directory, user, write_log).await.remaining(user));
        return Ok(None);
    }
    let patch = UserPatch { disabled: Some(true), ..UserPatch::default() };
    let kind = WriteKind::UserDisabled;
    let changed = change_account(directory, account, &patch, kind, dropped, write_log).await?;
    done.outcome = DeprovisionOutcome::Deactivated;
    let since =
        disabled_since(user, changed.user.times.updated_at.as_deref()).filter(|_| !changed.gone);
    write_log.disabled_since(&user.id, since);
    if changed.gone {
        done.remaining.push(String::from(GONE));
        return Ok(Some(changed));
    }
    done.remaining.extend(end_sessions(directory, user, write_log).await.remaining(user));
    if dropped == Dropped::PutBack {
        done.remaining.extend(changed.put_back_note());
    }
    Ok(Some(changed))
}

/// Removes every membership that can be removed. `dropped` are those that the server dropped when
/// the account was disabled.
async fn strip(
    directory: &dyn Directory,
    user: &User,
    dropped: Vec<GroupLink>,
    done: &mut Deprovisioned,
    write_log: &mut WriteLog,
) -> Result<()> {
    let address = user.email.as_str();
    // The account was in these groups, and the server says that it is not. That is read back too.
    let mut already_out = Vec::new();
    for group in user.groups.iter().flatten() {
        let removed = directory.remove_member(&group.id, &user.id).await;
        match write_log.member(WriteKind::MemberRemoved, address, group.label(), removed) {
            Ok(true) => done.groups_removed.push(group.clone()),
            Ok(false) if dropped.iter().any(|link| link.id == group.id) => {
                done.groups_removed.push(group.clone());
            }
            Ok(false) => already_out.push(group),
            // Users can't be removed from groups whose members the server manages.
            Err(error) if error.code == Code::ServerRefused => {
                done.remaining
                    .push(format!("The server keeps {address} in the group {}.", group.label()));
            }
            Err(error) => return Err(error),
        }
    }
    if done.groups_removed.is_empty() && already_out.is_empty() {
        return Ok(());
    }
    let read = read_back(directory, async || {
        let Some(account) = reread(directory, &user.id, &user.email).await? else {
            return Ok(ReadBack::Holds(()));
        };
        let left = memberships(directory, &account.user).await?;
        let mut all = done.groups_removed.iter().chain(already_out.iter().copied());
        let kept = all.find(|group| left.iter().any(|link| link.id == group.id));
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

async fn delete(
    directory: &dyn Directory,
    user: &User,
    done: &mut Deprovisioned,
    write_log: &mut WriteLog,
) -> Result<()> {
    let deletion = match is_as_gone_as_can_be(directory, user) {
        true => None,
        false => Some(delete_account(directory, user, write_log).await?),
    };
    done.outcome = match deletion {
        Some(Deletion::Deleted) => DeprovisionOutcome::Deleted,
        Some(Deletion::AlreadyGone) => DeprovisionOutcome::AlreadyGone,
        Some(Deletion::Accepted) => return Err(accepted(user.email.as_str())),
        Some(Deletion::Deactivated) => DeprovisionOutcome::Deactivated,
        Some(Deletion::Kept) => {
            done.remaining.push(String::from(KEPT));
            DeprovisionOutcome::AlreadyDeactivated
        }
        None => DeprovisionOutcome::AlreadyDeactivated,
    };
    let is_left = matches!(deletion, Some(Deletion::Deactivated | Deletion::Kept) | None);
    if is_left {
        done.remaining.extend(end_sessions(directory, user, write_log).await.remaining(user));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
