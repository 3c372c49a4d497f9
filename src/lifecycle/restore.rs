//! Restores users from their tombstones.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use super::attributes::Definitions;
use super::person::find_by_email;
use super::provision::{Arrival, ProvisionOutcome, Provisioned, only_an_invitation, provision};
use crate::domain::metadata::{attribute_value, is_attribute, is_same_json};
use crate::domain::{
    Changes, Dialect, Email, GroupId, GroupLink, GroupRef, Metadata, Tombstone, User, UserId,
    UserPatch, WayIn, Write, WriteKind,
};
use crate::error::{Code, Error, Result, ends_the_run};
use crate::http::{Local, Window, run_in};
use crate::retool::Directory;
use crate::write_log::WriteLog;

/// The users to restore.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// The tombstones, one for each user.
    pub tombstones: Vec<Tombstone>,
    /// Create an account again if it is gone.
    pub re_create: bool,
    /// How a person who is created again gets access; where `None`, by an invitation if the
    /// tombstone is of one, and by an account otherwise.
    pub way_in: Option<WayIn>,
}

/// The outcome for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// Enabled again.
    ReEnabled,
    /// Created again.
    ReCreated,
    /// Invited; there is no account yet.
    Invited,
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

/// Restores users as they were, side by side where the dialect allows it. Restores administrators
/// first, so that removing rights from a user never has to wait for rights that are restored later.
/// Users whose rights are removed come last, one after the other: each removal looks at who is left.
///
/// A failure that ends the run for all users is an error, which contains the writes so far. Nothing
/// is begun after it. Any other failure is in the user's report.
pub async fn restore(directory: &dyn Directory, restoration: &Restoration) -> Result<Restored> {
    let tombstones = &restoration.tombstones;
    let mut reports: Vec<Option<RestoreReport>> = Vec::new();
    reports.resize_with(tombstones.len(), || None);
    let mut writes = Vec::new();
    let window = directory.write_window().filter(|_| tombstones.len() > 1);
    let of = |admins: bool| -> Vec<usize> {
        (0..tombstones.len()).filter(|at| tombstones[*at].user.admin == admins).collect()
    };
    let mut passes = alloc::vec![(window, of(true)), (window, of(false))];
    let mut at = 0;
    while let Some((window, people)) = passes.get_mut(at).map(core::mem::take) {
        at += 1;
        let mut waiting = Vec::new();
        let mut stop = None;
        for (index, done) in restore_each(directory, restoration, window, &people).await {
            let was = &tombstones[index].user;
            let outcome = match done {
                Ok(Some((done, theirs))) => {
                    writes.extend(theirs);
                    Ok(done)
                }
                Ok(None) => {
                    waiting.push(index);
                    continue;
                }
                Err(error) => {
                    writes.extend(error.writes.iter().cloned());
                    if ends_the_run(&error) {
                        stop.get_or_insert(error);
                        continue;
                    }
                    Err(error)
                }
            };
            let (email, id) = (was.email.clone(), was.id.clone());
            reports[index] = Some(RestoreReport { email, id, outcome });
        }
        if let Some(error) = stop {
            return Err(error.after(writes));
        }
        if !waiting.is_empty() {
            passes.push((None, waiting));
        }
    }
    Ok(Restored { people: reports.into_iter().flatten().collect(), writes })
}

/// What came of one user: `None` if rights would be removed, which is not done side by side.
type Attempt = Result<Option<(PersonRestored, Vec<Write>)>>;

/// Restores some users of a request, side by side in a window if there is one. After a failure that
/// ends the run, no further user is begun; those that were begun are finished, so that no write is
/// lost. Returns what came of each user that was begun.
async fn restore_each(
    directory: &dyn Directory,
    restoration: &Restoration,
    window: Option<&Window>,
    people: &[usize],
) -> Vec<(usize, Attempt)> {
    let is_stopped = Cell::new(false);
    let is_alone = window.is_none();
    let one = |at: usize| -> Local<'_, Result<Option<(usize, Attempt)>>> {
        let (index, is_stopped) = (people[at], &is_stopped);
        Box::pin(async move {
            if is_stopped.get() {
                return Ok(None);
            }
            let was = &restoration.tombstones[index].user;
            let done = restore_one(directory, was, index, restoration, is_alone).await;
            if done.as_ref().is_err_and(ends_the_run) {
                is_stopped.set(true);
            }
            Ok(Some((index, done)))
        })
    };
    run_in(window, people.len(), one).await.into_iter().flatten().flatten().collect()
}

/// Restores one user: provisions the tombstone's fields and those of its groups that still exist.
/// `None`, without a write, if that removes an administrator's rights and the user is not restored
/// `alone`.
async fn restore_one(
    directory: &dyn Directory,
    was: &User,
    index: usize,
    restoration: &Restoration,
    alone: bool,
) -> Attempt {
    let re_create = restoration.re_create;
    let can = directory.capabilities();
    check_api(was, index, can.dialect)?;
    let now = find_account(directory, was, re_create).await?;
    if !alone && can.sets_admins && !was.admin && !is_in_doubt(was) {
        let another = match &now {
            None if was.email.is_address() => find_by_email(directory, &was.email).await?,
            _ => None,
        };
        if now.as_ref().or(another.as_ref()).is_some_and(User::is_administrator) {
            return Ok(None);
        }
    }
    let mut not_restored = Vec::new();
    let recorded = recorded_values(directory, was, now.as_ref(), &mut not_restored).await;
    let (metadata, attributes) = recorded.map_err(|error| error.about(was.email.as_str()))?;
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
        former_emails: Vec::new(),
        fields: UserPatch {
            email: None,
            first_name: was.first_name.clone(),
            last_name: was.last_name.clone(),
            user_type: was.user_type.filter(|user_type| can.bills(*user_type)),
            admin: (can.sets_admins && !is_in_doubt(was)).then_some(was.admin),
            disabled: None,
            profile_photo_url: was.profile_photo_url.clone().filter(|_| can.sets_photos),
            clear: Vec::new(),
            metadata,
        },
        attributes,
        groups,
        // They are restored once the memberships are.
        group_admins: BTreeMap::new(),
        create_missing_groups: false,
        create_missing: re_create,
        update_existing: true,
        re_enable_disabled: true,
        skip_closed_groups: true,
        way_in: restoration.way_in.or(was.is_invitation().then_some(WayIn::Invitation)),
        skip_fields_of_invitation: true,
        skip_lookup: false,
        keep_accounts: was.is_invitation(),
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
    if done.outcome == ProvisionOutcome::Invited && was.is_invitation() {
        not_restored.push(String::from(
            "The invitation is a new one, with another id. The link of the old one lets nobody in.",
        ));
    } else if done.outcome == ProvisionOutcome::Invited {
        not_restored.push(String::from(
            "There is no account until the invitation is accepted, and it will have another id. An invitation has no \
             names, user type or other fields: restore the person again then.",
        ));
    }
    if done.user.id != was.id && done.outcome != ProvisionOutcome::Invited {
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
            ProvisionOutcome::Invited => RestoreOutcome::Invited,
            ProvisionOutcome::ReEnabled => RestoreOutcome::ReEnabled,
            // A restoration names no former address.
            ProvisionOutcome::Updated | ProvisionOutcome::Renamed => RestoreOutcome::Updated,
            ProvisionOutcome::Unchanged => RestoreOutcome::Unchanged,
        },
        user: done.user,
        groups_added: done.groups_added,
        not_restored,
        invitation_sent: done.invitation_sent,
    };
    Ok(Some((restored, done.writes)))
}

/// Returns the metadata and the user attributes of a tombstone that the account lacks. The metadata
/// shows the attributes, so it is read which ones there are.
async fn recorded_values(
    directory: &dyn Directory,
    was: &User,
    now: Option<&User>,
    not_restored: &mut Vec<String>,
) -> Result<(Changes, Changes)> {
    let recorded = was.metadata.iter().flat_map(Metadata::iter);
    let mut metadata: Changes =
        recorded.map(|(key, json)| (key.into(), Some(json.into()))).collect();
    let mut attributes = Changes::new();
    for (name, value) in was.attributes.iter().flat_map(|attributes| attributes.iter()) {
        metadata.remove(name);
        attributes.insert(name.clone(), Some(value.clone()));
    }
    // What the account has already needs no further look.
    let shown = now.and_then(|now| now.metadata.as_ref());
    metadata
        .retain(|key, json| !is_same_json(shown.and_then(|shown| shown.get(key)), json.as_deref()));
    attributes.retain(|name, value| !is_attribute(shown, name, value.as_deref()));
    if metadata.is_empty() && attributes.is_empty() {
        return Ok((metadata, attributes));
    }
    let can = directory.capabilities();
    if !can.sets_metadata || !can.sets_attributes {
        not_restored.push(String::from("This API has no metadata and no user attributes."));
        return Ok((Changes::new(), Changes::new()));
    }
    let definitions = directory.list_attributes().await?;
    let has_attributes = definitions.is_some();
    let definitions = Definitions::new(definitions.unwrap_or_default());
    metadata.retain(|key, json| {
        let is_attribute = definitions.has(key);
        if let Some(json) = json.as_deref().filter(|json| is_attribute && *json != "null") {
            attributes.insert(key.clone(), Some(attribute_value(json)));
        }
        !is_attribute
    });
    attributes.retain(|name, _| {
        let exists = definitions.has(name);
        if !exists {
            not_restored.push(match has_attributes {
                true => format!("The user attribute {name} is gone."),
                false => format!("This server has no user attributes, so {name} was not set."),
            });
        }
        exists
    });
    Ok((metadata, attributes))
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
        let made = directory.set_group_admin(&link.id, &done.user.id, true).await;
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
/// address now, and if the account is gone and may not be created again. Returns the account, if it
/// is still there.
async fn find_account(
    directory: &dyn Directory,
    was: &User,
    re_create: bool,
) -> Result<Option<User>> {
    let account = directory.read_user(&was.id).await;
    if let Some(account) = account.map_err(|error| error.about(was.email.as_str()))? {
        if account.user.is_same_person(was) {
            return Ok(Some(account.user));
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
        return Ok(None);
    }
    let another = match was.email.is_address() {
        true => find_by_email(directory, &was.email).await?,
        false => None,
    };
    Err(match another {
        Some(found) if was.is_invitation() && !found.is_invitation() => {
            only_an_invitation(&was.email)
        }
        None if was.is_invitation() => Error::new(
            Code::UserNotFound,
            "The invitation is gone. Allow it to be created again to send a new one.",
        ),
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
