//! Applies one step of a plan: checks it against the state that it was planned on, then writes.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{LOGIN, Step, StepKind};
use crate::admins::{AdminGuard, check_removal};
use crate::domain::{
    Account, Dialect, EMAIL, Email, FieldChange, GroupLink, GroupRef, Names, NewUser, Tombstone,
    User, UserId, UserPatch, UserRef, Write, WriteKind,
};
use crate::error::{Code, Error, Result};
use crate::group_index::GroupIndex;
use crate::lifecycle::{
    Creation, Deletion, Dropped, GONE, change_account, check_refs, create_group_once, create_once,
    delete_account, disabled_since, end_sessions, find_by_email, find_one, is_as_gone_as_can_be,
    listed_without_record, reread, with_memberships, with_memberships_at_risk,
};
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Directory, ReadDirectory, membership};
use crate::write_log::WriteLog;

mod attributes;
mod check;
mod invitation;
mod memberships;
mod notes;
pub(super) mod planned;

pub(super) use attributes::{AttributesNow, attributes_now, change_attributes};
pub(super) use check::check;
pub(super) use invitation::{cancel_invitation, found_invited, invite_user};
pub(super) use memberships::{
    IN_OTHERWISE, NOT_A_MEMBER, already_in, change_member, is_listed, is_member, membership_holds,
    membership_not_held, write_membership,
};
pub(super) use notes::Notes;

use memberships::{check_membership_removal, find_group, verify_membership};
use planned::{CHANGED, REPLACED, is_as_planned, is_as_planned_to_delete};

/// The outcome of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum StepOutcome {
    /// It was written, and verified.
    Applied,
    /// It was a deletion, and the server only disabled the account.
    Deactivated,
    /// The state was already as wanted.
    AlreadySo,
    /// The state differs from the one that the step was planned on, and how.
    Stale(String),
}

/// The result of a step that is applied individually.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// The outcome.
    pub outcome: StepOutcome,
    /// What the step could not do besides, and what a person must do.
    pub note: Option<String>,
    /// The account that the step disabled, deleted or stripped, as it was before.
    pub tombstone: Option<Tombstone>,
    /// The writes.
    pub writes: Vec<Write>,
}

/// Applies one step of a plan that may be old. A step that takes an administrator's rights is
/// checked against the administrators that are left now. `now` is in milliseconds since the Unix
/// epoch. On failure the error contains the write.
pub async fn apply(
    directory: &dyn Directory,
    step: &Step,
    guard: &AdminGuard,
    now: i64,
) -> Result<StepResult> {
    let mut write_log = WriteLog::at(now);
    let mut notes = Notes::default();
    match apply_checked(directory, step, guard, &mut notes, &mut write_log).await {
        Ok(outcome) => {
            let tombstone = write_log.tombstones().first().cloned();
            let writes = write_log.into_writes();
            Ok(StepResult {
                outcome,
                note: notes.text(),
                tombstone: tombstone.filter(|_| !writes.is_empty()),
                writes,
            })
        }
        Err(error) => Err(write_log.attach_writes(error)),
    }
}

/// Refuses a step that was planned for another dialect than that of the connection.
pub fn check_dialect(planned: Dialect, directory: &dyn ReadDirectory) -> Result<()> {
    let spoken = directory.capabilities().dialect;
    if planned == spoken {
        return Ok(());
    }
    let message = format!(
        "The step was planned for {}, and this connection speaks {}. Apply it over {}; nothing was written.",
        planned.as_str(),
        spoken.as_str(),
        planned.as_str()
    );
    Err(Error::new(Code::StepInvalid, message).in_field("step.dialect"))
}

async fn apply_checked(
    directory: &dyn Directory,
    step: &Step,
    guard: &AdminGuard,
    notes: &mut Notes,
    write_log: &mut WriteLog,
) -> Result<StepOutcome> {
    check(step, directory.capabilities().dialect)?;
    check_refs(directory.capabilities().dialect, &guard.required, |at| {
        format!("step.required-admins[{at}]")
    })?;
    match step.kind {
        StepKind::CreateGroup => {
            let (outcome, _) = create_group(directory, group_name(step)?, write_log).await?;
            Ok(outcome)
        }
        StepKind::CreateUser => {
            let new = new_user(step)?;
            match find_by_email(directory, &new.email).await? {
                Some(user) => Ok(found_instead(&new, &user)),
                None if is_login_taken(directory, &new).await? => {
                    Ok(StepOutcome::Stale("Another account has the login.".into()))
                }
                None => Ok(create_user(directory, &new, write_log).await?.outcome),
            }
        }
        StepKind::InviteUser => match find_by_email(directory, person(step)?).await? {
            Some(user) => Ok(found_invited(&user)),
            None => Ok(invite_user(directory, step, write_log).await?.outcome),
        },
        StepKind::RenameUser => match find_by_email(directory, person(step)?).await? {
            Some(other) if step.user.as_ref() != Some(&other.id) => {
                Ok(StepOutcome::Stale(ADDRESS_TAKEN.into()))
            }
            _ => change_user(directory, step, guard, notes, write_log).await,
        },
        StepKind::EnableUser | StepKind::UpdateUser | StepKind::DisableUser => {
            change_user(directory, step, guard, notes, write_log).await
        }
        StepKind::CancelInvitation => cancel_invitation(directory, step, write_log).await,
        StepKind::DeleteUser => delete_user(directory, step, guard, notes, write_log).await,
        StepKind::ChangeAttributes => {
            let id = match &step.user {
                Some(id) => id.clone(),
                None => match find_by_email(directory, person(step)?).await? {
                    Some(user) => user.id,
                    None => return Ok(StepOutcome::Stale("No user has this address.".into())),
                },
            };
            change_attributes(directory, step, &id, write_log).await
        }
        StepKind::AddMember | StepKind::ChangeMember | StepKind::RemoveMember => {
            let email = person(step)?;
            let id = match &step.user {
                Some(id) => id.clone(),
                None => match find_by_email(directory, email).await? {
                    Some(user) => user.id,
                    None => return Ok(StepOutcome::Stale("No user has this address.".into())),
                },
            };
            let account = match current(directory, &id, &[email]).await? {
                Current::Account(account) => *account,
                Current::Gone { .. } => {
                    return Ok(StepOutcome::Stale("The account is gone.".into()));
                }
                Current::Renamed => return Ok(renamed()),
            };
            let Some(group) = find_group(directory, step).await? else {
                return Ok(StepOutcome::Stale("The group is gone.".into()));
            };
            if group.name.as_deref().map(str::trim) != step.group_name.as_deref().map(str::trim) {
                return Ok(StepOutcome::Stale("The group has another name now.".into()));
            }
            if step.kind == StepKind::ChangeMember {
                if step.strips() {
                    write_log.keep(with_memberships(directory, account.clone()).await?);
                }
                return change_member(directory, step, &account.user.id, &group, write_log).await;
            }
            let wanted = step.kind == StepKind::AddMember;
            if is_member(directory, &account.user, &group.id).await? == wanted {
                return match wanted {
                    true => already_in(directory, step, &account.user.id, &group).await,
                    false => Ok(StepOutcome::AlreadySo),
                };
            }
            let user = account.user.clone();
            if !wanted {
                check_membership_removal(directory, &user, &group, guard).await?;
                let mut account = with_memberships(directory, account).await?;
                let groups = account.user.groups.get_or_insert_default();
                // Only the group's record may show it.
                membership::join(groups, Vec::from([group.clone()]));
                write_log.keep(account);
            }
            let written = write_membership(directory, step, &user.id, &group, write_log).await?;
            verify_membership(directory, &user, &group, wanted).await?;
            Ok(if written { StepOutcome::Applied } else { StepOutcome::AlreadySo })
        }
    }
}

/// Makes sure that a group exists, and returns it.
pub(super) async fn create_group(
    directory: &dyn Directory,
    name: &str,
    write_log: &mut WriteLog,
) -> Result<(StepOutcome, GroupLink)> {
    // Looked up even in a fresh plan: a second group with the name could not be undone.
    let groups = directory.list_groups().await?;
    if let Some(group) = GroupIndex::new(&groups).find(&GroupRef::Name(name.to_string()))? {
        return Ok((StepOutcome::AlreadySo, group.link()));
    }
    let group = create_group_once(directory, name, &[], write_log).await?;
    Ok((StepOutcome::Applied, group.link()))
}

/// A user that a step created, or found instead.
pub(super) struct NewAccount {
    /// The outcome of the step.
    pub outcome: StepOutcome,
    /// The account.
    pub id: UserId,
    /// Whether the server does not report what the seat is billed as, although the step set it.
    pub is_untyped: bool,
}

/// Creates a user that a look-up just did not find.
pub(super) async fn create_user(
    directory: &dyn Directory,
    new: &NewUser,
    write_log: &mut WriteLog,
) -> Result<NewAccount> {
    match create_once(directory, new, write_log).await? {
        Creation::Found(user) => {
            Ok(NewAccount { outcome: found_instead(new, &user), id: user.id, is_untyped: false })
        }
        Creation::Created(user) => {
            let id = user.id.clone();
            // A short response does not contain every field.
            let is_seen = new.fields.differences(&user).is_empty();
            let is_untyped = !is_seen && verify_fields(directory, &id, new).await?;
            Ok(NewAccount { outcome: StepOutcome::Applied, id, is_untyped })
        }
    }
}

/// Compares a person who was found with one that a step makes.
pub(super) fn found_made(step: &Step, user: &User) -> Result<StepOutcome> {
    Ok(match step.kind {
        StepKind::InviteUser => found_invited(user),
        _ => found_instead(&new_user(step)?, user),
    })
}

/// Reads a new user back. Returns whether the server does not report what the seat is billed as.
async fn verify_fields(directory: &dyn Directory, id: &UserId, new: &NewUser) -> Result<bool> {
    let read = read_back(directory, async || {
        let Some(account) = reread(directory, id, &new.email).await? else {
            return Ok(ReadBack::NotYet("account".into()));
        };
        let differences = new.fields.visible_differences(&account.user);
        let is_untyped = new.fields.user_type.is_some() && account.user.user_type.is_none();
        Ok(differences
            .first()
            .map_or(ReadBack::Holds(is_untyped), |change| ReadBack::NotYet(change.field.clone())))
    });
    read.await?.map_err(|missing| {
        Error::new(
            Code::NotVerified,
            format!("The person was created, but {missing} did not hold when read back. Sync again to set it."),
        )
        .about(new.email.as_str())
    })
}

async fn is_login_taken(directory: &dyn Directory, new: &NewUser) -> Result<bool> {
    let Some(login) = &new.login else { return Ok(false) };
    Ok(find_one(directory, &UserRef::Login(Email::new(login))).await?.is_some())
}

pub(super) fn found_instead(new: &NewUser, user: &User) -> StepOutcome {
    if !user.disabled && new.fields.visible_differences(user).is_empty() {
        StepOutcome::AlreadySo
    } else {
        StepOutcome::Stale("The account exists already, with other fields.".into())
    }
}

/// Enables, changes or disables a user: reads, compares, writes and verifies.
pub(super) async fn change_user(
    directory: &dyn Directory,
    step: &Step,
    guard: &AdminGuard,
    notes: &mut Notes,
    write_log: &mut WriteLog,
) -> Result<StepOutcome> {
    let before = address_before(step);
    let names: Vec<&Email> = before.iter().chain([person(step)?]).collect();
    let patch = patch(&step.changes)?;
    let account = match current(directory, known_user(step)?, &names).await? {
        Current::Account(account) => *account,
        Current::Gone { .. } => return Ok(StepOutcome::Stale("The account is gone.".into())),
        Current::Renamed => return Ok(renamed()),
    };
    let disables = step.kind == StepKind::DisableUser;
    if patch.differences(&account.user).is_empty() {
        if disables {
            // The call that disabled the account may have failed before this.
            notes.sessions(end_sessions(directory, &account.user, write_log).await);
        }
        return Ok(StepOutcome::AlreadySo);
    }
    if !is_as_planned(step, &account.user) {
        return Ok(StepOutcome::Stale(CHANGED.into()));
    }
    let mut account = account;
    if patch.disabled == Some(true) || patch.admin == Some(false) {
        check_removal(directory, &named_by(&account.user, patch.email.as_ref()), guard).await?;
        if directory.capabilities().replaces_records {
            // The check may take as long as a listing, and the write replaces the whole record.
            account = match current(directory, known_user(step)?, &names).await? {
                Current::Account(account) => *account,
                Current::Gone { .. } => {
                    return Ok(StepOutcome::Stale("The account is gone.".into()));
                }
                Current::Renamed => return Ok(renamed()),
            };
        }
    }
    let Some(account) = with_memberships_at_risk(directory, account).await? else {
        return Ok(StepOutcome::Stale("The account is gone.".into()));
    };
    if !is_as_planned(step, &account.user) {
        return Ok(StepOutcome::Stale(CHANGED.into()));
    }
    let kind = match step.kind {
        StepKind::RenameUser => WriteKind::UserRenamed,
        StepKind::EnableUser => WriteKind::UserEnabled,
        StepKind::DisableUser => WriteKind::UserDisabled,
        _ => WriteKind::UserUpdated,
    };
    let strips = patch.differences(&account.user).iter().any(FieldChange::strips);
    if disables || strips {
        let mut account = account.clone();
        // A tombstone names the account by the address that it has now.
        if let Some(email) = &patch.email {
            account.user.email = email.clone();
        }
        write_log.keep(account);
    }
    let dropped = Dropped::PutBack;
    let changed = change_account(directory, &account, &patch, kind, dropped, write_log).await;
    if strips {
        write_log.strip();
    }
    let changed = changed?;
    notes.add(changed.put_back_note());
    if disables && changed.gone {
        notes.add(Some(String::from(GONE)));
    } else if disables {
        let since = disabled_since(&account.user, changed.user.times.updated_at.as_deref());
        write_log.disabled_since(&account.user.id, since);
        notes.sessions(end_sessions(directory, &account.user, write_log).await);
    }
    Ok(StepOutcome::Applied)
}

/// Returns a user who also answers to the address that a step gives them.
fn named_by(user: &User, email: Option<&Email>) -> User {
    let mut user = user.clone();
    if let Some(email) = email {
        let login = user.login().map(Email::new);
        let names = user.names.get_or_insert_with(|| Names { login, ..Names::default() }.into());
        names.emails.push(email.clone());
    }
    user
}

/// Deletes a user: reads, compares, deletes and reads back.
pub(super) async fn delete_user(
    directory: &dyn Directory,
    step: &Step,
    guard: &AdminGuard,
    notes: &mut Notes,
    write_log: &mut WriteLog,
) -> Result<StepOutcome> {
    let account = match current(directory, known_user(step)?, &[person(step)?]).await? {
        Current::Account(account) => *account,
        Current::Gone { is_replaced: false } => return Ok(StepOutcome::AlreadySo),
        // An invitation that was accepted is an account with another id.
        Current::Gone { is_replaced: true } => {
            return Ok(StepOutcome::Stale(REPLACED.into()));
        }
        Current::Renamed => return Ok(renamed()),
    };
    if is_as_gone_as_can_be(directory, &account.user) {
        notes.sessions(end_sessions(directory, &account.user, write_log).await);
        return Ok(StepOutcome::AlreadySo);
    }
    if !is_as_planned_to_delete(step, &account.user, directory.capabilities()) {
        return Ok(StepOutcome::Stale(CHANGED.into()));
    }
    // The memberships are lost with the account, so the tombstone must contain them.
    let account = with_memberships(directory, account).await?;
    check_removal(directory, &account.user, guard).await?;
    write_log.keep(account.clone());
    Ok(match delete_account(directory, &account.user, write_log).await? {
        Deletion::Deleted => StepOutcome::Applied,
        Deletion::Deactivated => {
            notes.sessions(end_sessions(directory, &account.user, write_log).await);
            StepOutcome::Deactivated
        }
        Deletion::Kept => StepOutcome::AlreadySo,
        Deletion::AlreadyGone => StepOutcome::AlreadySo,
        Deletion::Accepted => StepOutcome::Stale(REPLACED.into()),
    })
}

/// The account of a step's person.
pub(super) enum Current {
    Account(Box<Account>),
    /// It is gone. Another account may have its address.
    Gone {
        is_replaced: bool,
    },
    Renamed,
}

/// Reads the current state of a step's person, who has one of these addresses.
pub(super) async fn current(
    directory: &dyn Directory,
    id: &UserId,
    emails: &[&Email],
) -> Result<Current> {
    let Some(email) = emails.first() else { return Ok(Current::Renamed) };
    match directory.read_user(id).await.map_err(|error| error.about(email.as_str()))? {
        None => {
            // With a wrong base URL the user is missing too. A listing always exists, so it fails
            // in that case only.
            let who = UserRef::Email((*email).clone());
            let read = read_back(directory, async || {
                let listed = directory.find_users(&who).await?;
                let is_listed = listed.iter().any(|user| user.id == *id);
                let is_replaced = listed.iter().any(|user| user.answers_to(email));
                Ok(if is_listed { ReadBack::NotYet(()) } else { ReadBack::Holds(is_replaced) })
            });
            let is_replaced = read.await?.map_err(|()| listed_without_record(email))?;
            Ok(Current::Gone { is_replaced })
        }
        Some(account) if emails.iter().any(|email| account.user.answers_to(email)) => {
            Ok(Current::Account(Box::new(account)))
        }
        Some(_) => Ok(Current::Renamed),
    }
}

fn renamed() -> StepOutcome {
    StepOutcome::Stale("The account has another address now.".into())
}

/// What is different about an address that a person should get.
pub(super) const ADDRESS_TAKEN: &str = "Another account has the new address now.";

/// Returns the address that a step changes; `None` for a step that changes none.
pub(super) fn address_before(step: &Step) -> Option<Email> {
    let change = step.changes.iter().find(|change| change.field == EMAIL)?;
    change.before.as_deref().map(Email::new)
}

/// Returns the user to create.
pub(super) fn new_user(step: &Step) -> Result<NewUser> {
    let login = step.changes.iter().find(|change| change.field == LOGIN);
    let login = login.and_then(|change| change.after.clone());
    Ok(NewUser { email: person(step)?.clone(), login, fields: patch(&step.changes)? })
}

/// Returns the step's person.
pub(super) fn person(step: &Step) -> Result<&Email> {
    step.email.as_ref().ok_or_else(|| invalid("step.email", "this kind of step needs a person"))
}

fn known_user(step: &Step) -> Result<&UserId> {
    step.user
        .as_ref()
        .ok_or_else(|| invalid("step.user", "this kind of step needs the person's id"))
}

/// Returns the name of the step's group.
pub(super) fn group_name(step: &Step) -> Result<&str> {
    step.group_name
        .as_deref()
        .ok_or_else(|| invalid("step.group-name", "this kind of step needs a group"))
}

/// Returns the fields that a step sets.
pub(super) fn patch(changes: &[FieldChange]) -> Result<UserPatch> {
    let mut patch = UserPatch::default();
    // Only a creation has a login; `check` refuses others.
    for change in changes.iter().filter(|change| change.field != LOGIN) {
        if !patch.add(change) {
            return Err(invalid("step.changes", "a change is not one that a plan makes"));
        }
    }
    Ok(patch)
}

fn invalid(field: &str, why: &str) -> Error {
    Error::new(
        Code::StepInvalid,
        format!("The step is not one of a plan: {why}. Nothing was written."),
    )
    .in_field(field)
}

#[cfg(test)]
mod tests;
