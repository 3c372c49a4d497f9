//! Restores users from their tombstones.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::person::find_by_email;
use super::provision::{Arrival, ProvisionOutcome, Provisioned, provision};
use crate::domain::{
    Dialect, Email, GroupId, GroupLink, GroupRef, Tombstone, User, UserId, UserPatch, Write,
    WriteKind,
};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// The users to restore.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// The tombstones, one for each user.
    pub tombstones: Vec<Tombstone>,
    /// Create an account again if it is gone.
    pub re_create: bool,
}

/// The outcome for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// Enabled again.
    ReEnabled,
    /// Created again.
    ReCreated,
    /// Fields or memberships were changed.
    Updated,
    /// Nothing was written.
    Unchanged,
}

/// The result of a restore.
#[derive(Clone, Debug)]
pub struct Restored {
    /// A report for each user, in the order of the tombstones.
    pub people: Vec<RestoreReport>,
    /// The writes, in order.
    pub writes: Vec<Write>,
}

/// One user of a restore.
#[derive(Clone, Debug)]
pub struct RestoreReport {
    /// The address in the tombstone.
    pub email: Email,
    /// The id in the tombstone.
    pub id: UserId,
    /// The result for the user, or the failure.
    pub outcome: Result<PersonRestored>,
}

/// The result for one user.
#[derive(Clone, Debug)]
pub struct PersonRestored {
    /// The outcome for the account.
    pub outcome: RestoreOutcome,
    /// The person afterwards.
    pub user: User,
    /// The groups the person was added to again.
    pub groups_added: Vec<GroupLink>,
    /// What could not be restored.
    pub not_restored: Vec<String>,
    /// Whether this call made the server send an invitation.
    pub invitation_sent: bool,
}

/// Restores users as they were, one after the other. Restores administrators first, so that
/// removing rights from a user never has to wait for rights that are restored later.
///
/// A failure that ends the run for all users is an error, which contains the writes so far. Any
/// other failure is in the user's report.
pub async fn restore(directory: &dyn Directory, restoration: &Restoration) -> Result<Restored> {
    let Restoration { tombstones, re_create } = restoration;
    let mut reports: Vec<Option<RestoreReport>> = Vec::new();
    reports.resize_with(tombstones.len(), || None);
    let mut writes = Vec::new();
    for admins in [true, false] {
        for (index, tombstone) in tombstones.iter().enumerate() {
            let was = &tombstone.user;
            if was.admin != admins {
                continue;
            }
            let outcome = match restore_one(directory, was, index, *re_create).await {
                Ok((done, theirs)) => {
                    writes.extend(theirs);
                    Ok(done)
                }
                Err(error) => {
                    writes.extend(error.writes.iter().cloned());
                    if ends_the_run(&error) {
                        return Err(error.after(writes));
                    }
                    Err(error)
                }
            };
            let (email, id) = (was.email.clone(), was.id.clone());
            reports[index] = Some(RestoreReport { email, id, outcome });
        }
    }
    Ok(Restored { people: reports.into_iter().flatten().collect(), writes })
}

/// Restores one user: provisions the tombstone's fields and those of its groups that still exist.
async fn restore_one(
    directory: &dyn Directory,
    was: &User,
    index: usize,
    re_create: bool,
) -> Result<(PersonRestored, Vec<Write>)> {
    let can = directory.capabilities();
    check_api(was, index, can.dialect)?;
    find_account(directory, was, re_create).await?;
    let mut not_restored = Vec::new();
    let mut groups = Vec::new();
    let wanted = was.groups.as_deref().unwrap_or_default();
    if was.groups.is_none() {
        not_restored.push(String::from(
            "The tombstone does not say which groups the person was in, so no membership was restored.",
        ));
    }
    if !wanted.is_empty() {
        let existing = directory.list_groups().await?;
        for link in wanted {
            if existing.iter().any(|group| group.id == link.id) {
                groups.push(GroupRef::Id(link.id.clone()));
            } else {
                not_restored.push(format!("The group {} is gone.", link.label()));
            }
        }
    }
    let arrival = Arrival {
        email: was.email.clone(),
        id: (!was.email.is_address()).then(|| was.id.clone()),
        login: was.names.as_ref().and(was.login()).map(String::from),
        fields: UserPatch {
            first_name: was.first_name.clone(),
            last_name: was.last_name.clone(),
            user_type: was.user_type.filter(|user_type| can.bills(*user_type)),
            admin: (can.sets_admins && !is_in_doubt(was)).then_some(was.admin),
            disabled: None,
            profile_photo_url: was.profile_photo_url.clone().filter(|_| can.sets_photos),
        },
        groups,
        create_missing_groups: false,
        create_missing: re_create,
        update_existing: true,
        re_enable_disabled: true,
        skip_closed_groups: true,
    };
    let mut done =
        provision(directory, &arrival).await.map_err(|error| of_tombstone(error, index))?;
    administer(directory, was, &mut done, &mut not_restored).await?;
    // The account may have kept the rights while it was disabled.
    if was.admin && !done.user.admin && !can.sets_admins {
        not_restored.push(String::from(
            "This API can't make a user an administrator: give the rights in Retool.",
        ));
    }
    for group in &done.groups_closed {
        not_restored.push(format!("The group {} accepts no new members.", group.label()));
    }
    if done.user.id != was.id {
        not_restored.push(format!(
            "The account has the new id {}; the old id can't be restored.",
            done.user.id.value
        ));
        not_restored.push(String::from(
            "App permissions given to the person directly were lost with the old account.",
        ));
        not_restored.push(String::from(
            "Fields that this version does not know were not set on the new account; the tombstone has them.",
        ));
    }
    let restored = PersonRestored {
        outcome: match done.outcome {
            ProvisionOutcome::Created => RestoreOutcome::ReCreated,
            ProvisionOutcome::ReEnabled => RestoreOutcome::ReEnabled,
            ProvisionOutcome::Updated => RestoreOutcome::Updated,
            ProvisionOutcome::Unchanged => RestoreOutcome::Unchanged,
        },
        user: done.user,
        groups_added: done.groups_added,
        not_restored,
        invitation_sent: done.invitation_sent,
    };
    Ok((restored, done.writes))
}

/// Returns whether a tombstone contradicts itself: the user is no administrator, and is a member of
/// the administrators' group. On some servers the membership alone makes them one.
fn is_in_doubt(was: &User) -> bool {
    !was.admin && was.groups.iter().flatten().any(GroupLink::is_administrators)
}

/// Makes the user an administrator of the groups that they administered. On failure the error
/// contains the writes so far.
async fn administer(
    directory: &dyn Directory,
    was: &User,
    done: &mut Provisioned,
    not_restored: &mut Vec<String>,
) -> Result<()> {
    let can = directory.capabilities();
    let find =
        |links: &[GroupLink], link: &GroupLink| links.iter().find(|one| one.id == link.id).cloned();
    let mut administered = Vec::new();
    for link in was.groups.iter().flatten() {
        let added = find(&done.groups_added, link);
        let is_new = added.is_some();
        // The group as it is called now. The groups of other memberships are gone, or closed.
        let Some(group) = added.or_else(|| find(&done.groups_kept, link)) else { continue };
        match link.group_admin {
            Some(true) if can.reports_group_admins && !done.user.is_invitation() => {
                administered.push(group);
            }
            Some(true) => not_restored.push(not_administered(&group)),
            None if can.reports_group_admins && is_new => not_restored.push(format!(
                "The tombstone does not say whether the person administered the group {}.",
                group.label()
            )),
            Some(false) | None => {}
        }
    }
    if administered.is_empty() {
        return Ok(());
    }
    let mut write_log = WriteLog::default();
    let made = make_administrator(directory, &administered, done, not_restored, &mut write_log);
    let made = made.await;
    done.writes.extend(write_log.into_writes());
    made.map_err(|error| error.about(was.email.as_str()).after(core::mem::take(&mut done.writes)))
}

async fn make_administrator(
    directory: &dyn Directory,
    groups: &[GroupLink],
    done: &mut Provisioned,
    not_restored: &mut Vec<String>,
    write_log: &mut WriteLog,
) -> Result<()> {
    let ids: Vec<GroupId> = groups.iter().map(|link| link.id.clone()).collect();
    let members = directory.list_members(&ids).await?;
    for (link, members) in groups.iter().zip(members) {
        let own = members.iter().flatten().find(|member| member.id == done.user.id);
        if own.is_some_and(|member| member.group_admin == Some(true)) {
            continue;
        }
        let made = directory.make_group_admin(&link.id, &done.user.id).await;
        let (kind, address) = (WriteKind::MemberChanged, done.user.email.as_str());
        match write_log.record(kind, address, Some(link.label()), made) {
            Ok(()) if done.outcome == ProvisionOutcome::Unchanged => {
                done.outcome = ProvisionOutcome::Updated;
            }
            Ok(()) => {}
            // The server itself decides who administers some groups.
            Err(error) if error.code == Code::ServerRefused => {
                not_restored.push(not_administered(link));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn not_administered(group: &GroupLink) -> String {
    format!("The administration of the group {}: give it in Retool.", group.label())
}

/// Rewords a failure about a missing field of the request: it is missing in the tombstone.
fn of_tombstone(mut error: Error, index: usize) -> Error {
    let lacking = match error.code {
        Code::UserTypeRequired => "what its seat was billed as",
        Code::NameRequired => "both names, which this API requires to create a user",
        _ => return error,
    };
    error.message = format!(
        "The account must be created again, and the tombstone does not say {lacking}. Fill that in. Nothing was \
         written."
    );
    if let Some(field) = &mut error.field {
        *field = field.replacen("request.", &format!("request.tombstones[{index}].user."), 1);
    }
    error
}

/// Refuses the ids of another API, before any request: here they name no user, or another user.
fn check_api(was: &User, index: usize, spoken: Dialect) -> Result<()> {
    if was.id.dialect == spoken {
        return Ok(());
    }
    let message = format!(
        "The tombstone is of {}, and this connection speaks {}: their ids have nothing in common. Restore it over {}.",
        was.id.dialect.as_str(),
        spoken.as_str(),
        was.id.dialect.as_str()
    );
    Err(Error::new(Code::InvalidValue, message)
        .in_field(format!("request.tombstones[{index}].user.id"))
        .about(was.email.as_str()))
}

/// Checks that restoring the address restores the right user. Fails if the account has another
/// address now, and if the account is gone and may not be created again.
async fn find_account(directory: &dyn Directory, was: &User, re_create: bool) -> Result<()> {
    let account = directory.read_user(&was.id).await;
    if let Some(account) = account.map_err(|error| error.about(was.email.as_str()))? {
        if account.user.is_same_person(was) {
            return Ok(());
        }
        return Err(Error::new(
            Code::WrongPerson,
            format!(
                "The account has the address {} now, so nothing was written. Provision that address, or give the \
                 account its old one first.",
                account.user.email.as_str()
            ),
        )
        .about(was.email.as_str()));
    }
    if re_create {
        return Ok(());
    }
    let another = match was.email.is_address() {
        true => find_by_email(directory, &was.email).await?,
        false => None,
    };
    Err(match another {
        Some(_) => Error::new(
            Code::WrongPerson,
            "The account is gone, and another one has its address, so nothing was written. Look at whose it is; \
             allow the account to be created again to restore onto the other one.",
        ),
        None => {
            Error::new(Code::UserNotFound, "The account is gone. Allow it to be created again.")
        }
    }
    .about(was.email.as_str()))
}

#[cfg(test)]
mod tests;
