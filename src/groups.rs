//! Creates, changes and removes groups.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::domain::{
    AccessSetting, Email, FieldChange, Group, GroupPatch, GroupRef, Member, User, UserId, UserRef,
    Write, WriteKind,
};
use crate::error::{Code, Error, Result};
use crate::group_index::{GroupIndex, similar};
use crate::lifecycle::{check_refs, group_admins};
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Directory, membership};
use crate::write_log::WriteLog;

use administration::Administration;
use people::{check_each_once, people};
use removal::all_members;

mod access;
mod administration;
mod guard;
mod kept;
mod people;
mod removal;
mod writes;

pub use guard::MemberGuard;
pub use removal::{Removal, Removed, remove};

/// What `ensure` did.
#[derive(Clone, Debug)]
pub struct Ensured {
    /// The group.
    pub group: Group,
    /// Whether this call created it.
    pub created: bool,
    /// The writes.
    pub writes: Vec<Write>,
}

/// Makes sure that a group with this name exists: creates it if it is missing, and sees to it that
/// members of the new group may do what `settings` say. An existing group keeps its settings.
pub async fn ensure(
    directory: &dyn Directory,
    name: &str,
    settings: &[AccessSetting],
) -> Result<Ensured> {
    access::check(directory, settings).map_err(|error| error.about(name))?;
    let groups = directory.list_groups().await?;
    let found = GroupIndex::new(&groups).find(&GroupRef::Name(name.into()))?;
    if let Some(group) = found {
        let group = without_members(group.clone());
        return Ok(Ensured { group, created: false, writes: Vec::new() });
    }
    let mut write_log = WriteLog::default();
    match access::create(directory, name, settings, &mut write_log).await {
        Ok(group) => Ok(Ensured {
            group: without_members(group),
            created: true,
            writes: write_log.into_writes(),
        }),
        Err(error) => Err(write_log.attach_writes(error)),
    }
}

/// Changes to a group and its members.
#[derive(Clone, Debug)]
pub struct Reshaping {
    /// The group.
    pub group: GroupRef,
    /// Its fields.
    pub patch: GroupPatch,
    /// Users to add.
    pub add: Vec<UserRef>,
    /// Whether these of them administer the group. Others are kept as they are.
    pub group_admins: BTreeMap<UserRef, bool>,
    /// Users to remove.
    pub remove: Vec<UserRef>,
    /// What must be true of the members that the group loses.
    pub guard: MemberGuard,
}

/// What `change` did.
#[derive(Clone, Debug)]
pub struct Reshaped {
    /// The group afterwards.
    pub group: Group,
    /// The fields that were set.
    pub changes: Vec<FieldChange>,
    /// The members that were added.
    pub members_added: Vec<Member>,
    /// The members who administer the group now, or no longer.
    pub members_changed: Vec<Member>,
    /// The members that were removed.
    pub members_removed: Vec<Member>,
    /// The writes.
    pub writes: Vec<Write>,
}

/// Changes a group's fields and members. On failure the error carries the writes so far.
pub async fn change(directory: &dyn Directory, reshaping: &Reshaping) -> Result<Reshaped> {
    let mut write_log = WriteLog::default();
    match reshape(directory, reshaping, &mut write_log).await {
        Ok(mut done) => {
            done.writes = write_log.into_writes();
            Ok(done)
        }
        Err(error) => Err(write_log.attach_writes(error)),
    }
}

async fn reshape(
    directory: &dyn Directory,
    reshaping: &Reshaping,
    write_log: &mut WriteLog,
) -> Result<Reshaped> {
    // Everything that can be refused is refused before the first write.
    if !directory.capabilities().reports_group_admins
        && let Some(index) =
            { reshaping.add.iter() }.position(|who| reshaping.group_admins.contains_key(who))
    {
        return Err(group_admins::unsupported()
            .in_field(format!("request.add-members[{index}].group-admin"))
            .about(reshaping.add[index].as_str()));
    }
    access::check(directory, &reshaping.patch.access)
        .map_err(|error| error.about(label(&reshaping.group)))?;
    let groups = directory.list_groups().await?;
    let index = GroupIndex::new(&groups);
    let group = index.find(&reshaping.group)?.ok_or_else(|| not_found(&reshaping.group))?;
    if let Some(name) = &reshaping.patch.name
        && groups.iter().any(|other| other.id != group.id && other.name.trim() == name)
    {
        return Err(Error::new(Code::NameTaken, "Another group has this name, so nothing was written. Choose another, or rename that one first.")
            .about(name.as_str()));
    }
    if let Some(name) = &reshaping.patch.name
        && group.name.trim() != name
        && let Some(other) = index.looking_like(name, Some(&group.id))
    {
        return Err(similar(name, other));
    }
    let dialect = directory.capabilities().dialect;
    check_refs(dialect, &reshaping.add, |at| format!("request.add-members[{at}].user"))?;
    check_refs(dialect, &reshaping.remove, |at| format!("request.remove-members[{at}]"))?;
    reshaping.guard.check_refs(dialect)?;
    let joining = people(directory, &reshaping.add, true).await?;
    let leaving = people(directory, &reshaping.remove, false).await?;
    check_each_once(&joining, &leaving)?;
    let admins = Administration::of(reshaping, &joining);
    admins.check(directory, reshaping, group, &joining).await?;

    let changes = differences(&reshaping.patch, group);
    let renames = changes.iter().any(|change| change.field == "name");
    let mut lost: Vec<(&UserId, &Email)> =
        leaving.iter().map(|user| (&user.id, &user.email)).collect();
    // Under another name, the members of the administrators' group administer nothing.
    let all;
    let mut accounts = Some(leaving.as_slice());
    if renames && group.is_administrators() {
        all = with_addresses(directory, all_members(directory, group).await?).await?;
        lost = all.iter().map(|(id, email)| (id, email)).collect();
        accounts = None;
    }
    reshaping.guard.check(directory, group, &lost, accounts).await?;
    let mut after = group.clone();
    if !changes.is_empty() {
        // Slow requests come before the group is read: a PUT undoes what changes in between.
        let at_risk = kept::members_at_risk(directory, group).await?;
        let Some(account) = directory.read_group(&group.id).await? else {
            return Err(not_found(&reshaping.group));
        };
        let updated = directory.update_group(&account, &reshaping.patch).await;
        after =
            write_log.record(WriteKind::GroupUpdated, &group.name, Some(&group.name), updated)?;
        if let Err(error) = kept::keep(directory, group, &at_risk, write_log).await {
            write_log.doubt(WriteKind::GroupUpdated, &group.name);
            return Err(error.about(group.name.as_str()));
        }
    }
    let mut done = Reshaped {
        group: without_members(after),
        changes,
        members_added: Vec::new(),
        members_changed: Vec::new(),
        members_removed: Vec::new(),
        writes: Vec::new(),
    };
    if joining.is_empty() && leaving.is_empty() {
        return Ok(done);
    }
    let before = members(directory, group).await?;
    let is_in = |members: &[Member], user: &User| members.iter().any(|member| member.id == user.id);
    // A member who is missing from the group's record may be in it: some servers leave members out.
    let may_lack = directory.capabilities().groups_may_lack_members;
    let was_in = |user: &User| {
        let mut links = user.groups.iter().flatten();
        is_in(&before, user) || may_lack && links.any(|link| link.id == group.id)
    };
    let new: Vec<&User> = joining.iter().filter(|user| !was_in(user)).collect();
    writes::add(directory, group, &new, &admins, write_log).await?;
    let present: Vec<&User> = joining.iter().filter(|user| was_in(user)).collect();
    let changed = admins.set(directory, group, &before, &present, write_log).await?;
    let mut unlisted = Vec::new();
    let old: Vec<&User> = leaving.iter().filter(|user| was_in(user)).collect();
    let removed = writes::remove(directory, group, &old, write_log).await?;
    for (user, removed) in old.into_iter().zip(removed) {
        if removed && !is_in(&before, user) {
            let (id, email) = (user.id.clone(), Some(user.email.clone()));
            unlisted.push(Member { id, email, group_admin: None });
        }
    }
    let read = read_back(directory, async || {
        let now = members(directory, group).await?;
        let absent = joining.iter().find(|user| !is_in(&now, user) || admins.differs(user, &now));
        Ok(match absent.or(leaving.iter().find(|user| is_in(&now, user))) {
            None => ReadBack::Holds(now),
            Some(user) => ReadBack::NotYet(user.email.clone()),
        })
    });
    let read = match read.await? {
        Err(email) => read_own_records(directory, group, &joining, &leaving).await?.ok_or(email),
        read => read,
    };
    let now = read.map_err(|email| {
        Error::new(
            Code::NotVerified,
            format!("The server accepted the change to {}, but it did not hold when read back. Look at the group in Retool, then ask again.", group.name),
        )
        .about(email.as_str())
    })?;
    let was_out = |member: &&Member| {
        let user = joining.iter().find(|user| user.id == member.id);
        user.is_some_and(|user| !was_in(user))
    };
    done.members_added = asked(now.iter().filter(was_out), &joining);
    done.members_changed = asked(now.iter().filter(|one| changed.contains(&one.id)), &joining);
    done.members_removed = asked(before.iter(), &leaving);
    done.members_removed.append(&mut unlisted);
    done.group.members = Some(now);
    Ok(done)
}

/// Reads the members of a group, with those of the joining users whose own records name the group.
/// `None` if a user is not in it, or a leaving user is.
async fn read_own_records(
    directory: &dyn Directory,
    group: &Group,
    joining: &[User],
    leaving: &[User],
) -> Result<Option<Vec<Member>>> {
    if !directory.capabilities().groups_may_lack_members {
        return Ok(None);
    }
    let mut now = members(directory, group).await?;
    let is_listed = |now: &[Member], user: &User| now.iter().any(|member| member.id == user.id);
    if leaving.iter().any(|user| is_listed(&now, user)) {
        return Ok(None);
    }
    for user in joining {
        if is_listed(&now, user) {
            continue;
        }
        if !membership::is_in_own_record(directory, &user.id, &group.id).await? {
            return Ok(None);
        }
        let (id, email) = (user.id.clone(), Some(user.email.clone()));
        now.push(Member { id, email, group_admin: None });
    }
    Ok(Some(now))
}

/// Returns the members who are among these users, with the address from the request: not every
/// dialect returns the addresses of members.
fn asked<'a>(members: impl Iterator<Item = &'a Member>, people: &[User]) -> Vec<Member> {
    let named = |member: &Member| {
        let user = people.iter().find(|user| user.id == member.id)?;
        Some(Member { email: Some(user.email.clone()), ..member.clone() })
    };
    members.filter_map(named).collect()
}

/// Removes the members from a group. Some dialects return them even if they were not asked for.
fn without_members(group: Group) -> Group {
    Group { members: None, ..group }
}

/// Returns the addresses of members. Reads the users whose address the group does not contain.
async fn with_addresses(
    directory: &dyn Directory,
    members: Vec<Member>,
) -> Result<Vec<(UserId, Email)>> {
    let mut known = Vec::with_capacity(members.len());
    for Member { id, email, .. } in members {
        let email = match email {
            Some(email) => email,
            None => match directory.read_user(&id).await? {
                Some(account) => account.user.email,
                None => continue,
            },
        };
        known.push((id, email));
    }
    Ok(known)
}

async fn members(directory: &dyn Directory, group: &Group) -> Result<Vec<Member>> {
    membership::members(directory, &group.id)
        .await?
        .ok_or_else(|| not_found(&GroupRef::Name(group.name.clone())))
}

fn differences(patch: &GroupPatch, group: &Group) -> Vec<FieldChange> {
    let GroupPatch { name, access } = patch;
    let name = name.as_ref().filter(|name| **name != group.name).map(|name| FieldChange {
        field: "name".into(),
        before: Some(group.name.clone()),
        after: Some(name.clone()),
    });
    let settings = access.iter().filter(|setting| !setting.holds(&group.access));
    let settings = settings.map(|setting| FieldChange {
        field: setting.field.as_str().into(),
        before: setting.field.of(&group.access).map(Into::into),
        after: Some(setting.value.clone()),
    });
    name.into_iter().chain(settings).collect()
}

fn not_found(reference: &GroupRef) -> Error {
    Error::new(Code::GroupNotFound, "There is no such group. Look it up, or create it first.")
        .about(label(reference))
}

/// Returns the name or the id of a group, for errors.
fn label(reference: &GroupRef) -> &str {
    match reference {
        GroupRef::Id(id) => &id.value,
        GroupRef::Name(name) => name,
    }
}

#[cfg(test)]
mod tests;
