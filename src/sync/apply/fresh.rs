//! Compares the steps of a slice with a fresh listing, before anything is written.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::domain::{Email, GroupLink, GroupRef, User, UserId};
use crate::error::{Code, Result};
use crate::group_index::GroupIndex;
use crate::retool::{Capabilities, Directory};
use crate::sync::step::planned::{CHANGED, is_as_planned, is_as_planned_to_delete};
use crate::sync::step::{self, AttributesNow, Current, StepOutcome};
use crate::sync::{Snapshot, Step, StepKind};

/// What a fresh listing says about a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Judged {
    /// It is as it was planned on, or reading the account will show whether it is.
    Apply,
    /// It holds already.
    Holds,
    /// It is not as it was planned on, and how.
    Stale(String),
    /// It needs a step that is outside the slice and was not applied.
    NotBegun(String),
    /// The listing lacks the account of this membership, which must be read. Without a group, the
    /// slice creates it.
    Read(UserId, Option<GroupLink>),
    /// The record of the account lacks the membership, and that of the group may have it.
    AskGroup(UserId, GroupLink),
}

/// A fresh listing, and what a slice creates.
pub(super) struct Fresh<'a> {
    snapshot: &'a Snapshot,
    can: Capabilities,
    by_id: BTreeMap<&'a UserId, &'a User>,
    /// By each of their addresses and logins.
    by_email: BTreeMap<&'a Email, Vec<&'a User>>,
    groups: GroupIndex<'a>,
    /// The people and groups that steps of the slice create.
    people: BTreeSet<&'a Email>,
    new_groups: BTreeSet<&'a str>,
    /// The people whose addresses steps of the slice change, with the addresses before.
    renamed: BTreeMap<&'a UserId, Email>,
    /// The creations of earlier slices.
    created_before: BTreeMap<&'a Email, &'a Step>,
}

impl<'a> Fresh<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, can: Capabilities, steps: &'a [Step]) -> Self {
        let mut fresh = Fresh {
            snapshot,
            can,
            by_id: BTreeMap::new(),
            by_email: BTreeMap::new(),
            groups: GroupIndex::new(&snapshot.groups),
            people: BTreeSet::new(),
            new_groups: BTreeSet::new(),
            renamed: BTreeMap::new(),
            created_before: BTreeMap::new(),
        };
        for user in &snapshot.users {
            fresh.by_id.insert(&user.id, user);
            let names = user.names.iter().flat_map(|names| names.login.iter().chain(&names.emails));
            for name in core::iter::once(&user.email).chain(names) {
                let named = fresh.by_email.entry(name).or_default();
                if !named.iter().any(|other| other.id == user.id) {
                    named.push(user);
                }
            }
        }
        for step in steps {
            match step.kind {
                StepKind::CreateUser | StepKind::InviteUser => fresh.people.extend(&step.email),
                StepKind::RenameUser => {
                    fresh.renamed.extend(step.user.as_ref().zip(step::address_before(step)));
                }
                StepKind::CreateGroup => fresh.new_groups.extend(step.group_name.as_deref()),
                _ => {}
            }
        }
        fresh
    }

    /// Adds the people that earlier slices had to create.
    pub(super) fn after(mut self, earlier: &'a [Step]) -> Self {
        for step in earlier.iter().filter(|step| step.kind.makes_person()) {
            if let Some(email) = &step.email {
                self.created_before.insert(email, step);
            }
        }
        self
    }

    /// Returns whether the listing has an account with this address.
    pub(super) fn has(&self, email: &Email) -> bool {
        self.by_email.contains_key(email)
    }

    /// Returns the account with this id.
    pub(super) fn user(&self, id: &UserId) -> Option<&'a User> {
        self.by_id.get(id).copied()
    }

    /// Returns the group that a step without its id means, if it exists.
    pub(super) fn group_of(&self, step: &Step) -> Option<GroupLink> {
        let name = step.group_name.as_deref().filter(|_| step.group.is_none())?;
        self.groups.find(&GroupRef::Name(name.to_string())).ok().flatten().map(|group| group.link())
    }

    /// Compares a step with the listing, and reads what the listing does not prove.
    pub(super) async fn judge(&self, directory: &dyn Directory, step: &Step) -> Result<Judged> {
        let wanted = step.kind == StepKind::AddMember;
        let holds = match self.judge_listed(step)? {
            Judged::Read(id, group) => {
                let before = self.renamed.get(&id);
                let names: Vec<&Email> = before.into_iter().chain([step::person(step)?]).collect();
                match step::current(directory, &id, &names).await? {
                    Current::Gone { .. } => return Ok(Judged::Stale(GONE.into())),
                    Current::Renamed => return Ok(Judged::Stale(RENAMED.into())),
                    Current::Account(account) => match group {
                        Some(group) => {
                            step::is_member(directory, &account.user, &group.id).await? == wanted
                        }
                        None => false,
                    },
                }
            }
            Judged::AskGroup(id, group) => {
                step::is_listed(directory, &id, &group.id).await? == wanted
            }
            judged => return Ok(judged),
        };
        Ok(if holds { Judged::Holds } else { Judged::Apply })
    }

    /// Compares a step with the listing alone.
    fn judge_listed(&self, step: &Step) -> Result<Judged> {
        if let Some(email) = &step.email
            && self.snapshot.others.unreadable.has(email)
        {
            let message = "The server's record of this person can't be used. Repair it in Retool.";
            return Ok(Judged::Stale(message.into()));
        }
        match step.kind {
            // The names of the groups are compared right before the creation.
            StepKind::CreateGroup => Ok(Judged::Apply),
            StepKind::CreateUser | StepKind::InviteUser => {
                Ok(match self.by_email.get(step::person(step)?).map(Vec::as_slice) {
                    None | Some([]) => Judged::Apply,
                    Some([user]) => match step::found_made(step, user)? {
                        StepOutcome::Stale(how) => Judged::Stale(how),
                        _ => Judged::Holds,
                    },
                    Some(_) => Judged::Stale(SHARED.into()),
                })
            }
            StepKind::RenameUser
            | StepKind::EnableUser
            | StepKind::UpdateUser
            | StepKind::DisableUser
            | StepKind::DeleteUser => self.judge_account(step),
            StepKind::ChangeAttributes => self.judge_attributes(step),
            // The listing shows only one invitation of each person. Applying the step reads it.
            StepKind::CancelInvitation => Ok(Judged::Apply),
            StepKind::AddMember | StepKind::ChangeMember | StepKind::RemoveMember => {
                self.judge_membership(step)
            }
        }
    }

    fn judge_account(&self, step: &Step) -> Result<Judged> {
        // A listing does not prove that an account is gone. Applying the step reads it.
        let Some(user) = step.user.as_ref().and_then(|id| self.user(id)) else {
            return Ok(Judged::Apply);
        };
        if !step.email.as_ref().is_some_and(|email| self.answers(user, email)) {
            return Ok(Judged::Stale(RENAMED.into()));
        }
        if step.kind == StepKind::RenameUser
            && let Some(email) = &step.email
            && { self.by_email.get(email).into_iter().flatten() }.any(|other| other.id != user.id)
        {
            return Ok(Judged::Stale(step::ADDRESS_TAKEN.into()));
        }
        Ok(match step.kind {
            // Applying it again ends the sessions.
            StepKind::DeleteUser if user.disabled && !self.can.deletes_people => Judged::Apply,
            StepKind::DeleteUser if is_as_planned_to_delete(step, user, self.can) => Judged::Apply,
            StepKind::DeleteUser => Judged::Stale(CHANGED.into()),
            // Applying it again ends the sessions, which an earlier call may not have done.
            StepKind::DisableUser if user.disabled => Judged::Apply,
            _ if step::patch(&step.changes)?.differences(user).is_empty() => Judged::Holds,
            _ if is_as_planned(step, user) => Judged::Apply,
            _ => Judged::Stale(CHANGED.into()),
        })
    }

    /// Returns whether a user has an address, or the one that a step of the slice changes.
    fn answers(&self, user: &User, email: &Email) -> bool {
        let before = self.renamed.get(&user.id);
        user.answers_to(email) || before.is_some_and(|before| user.answers_to(before))
    }

    /// Compares attributes with those that the listing shows.
    fn judge_attributes(&self, step: &Step) -> Result<Judged> {
        Ok(match self.listed_person(step)? {
            Err(judged) => judged,
            // Applying the step reads the account.
            Ok(None) => Judged::Apply,
            Ok(Some(user)) => match step::attributes_now(step, user) {
                AttributesNow::AsWanted => Judged::Holds,
                AttributesNow::AsPlanned => Judged::Apply,
                AttributesNow::Other => Judged::Stale(CHANGED.into()),
            },
        })
    }

    /// Returns the account of a step's person, who may be one that an earlier step creates. `None`
    /// if the listing lacks it, or if the slice creates it. Otherwise returns why not.
    fn listed_person(&self, step: &Step) -> Result<core::result::Result<Option<&'a User>, Judged>> {
        let email = step::person(step)?;
        Ok(match &step.user {
            Some(id) => match self.user(id) {
                Some(user) if !self.answers(user, email) => Err(Judged::Stale(RENAMED.into())),
                user => Ok(user),
            },
            None => match self.by_email.get(email).map(Vec::as_slice) {
                None | Some([]) if self.people.contains(email) => Ok(None),
                None | Some([]) => Err(not_begun("account", email.as_str())),
                Some([user]) => {
                    // As if the plan were applied whole: a creation that became stale stops the rest.
                    if let Some(creation) = self.created_before.get(email)
                        && let StepOutcome::Stale(how) = step::found_made(creation, user)?
                    {
                        Err(Judged::Stale(how))
                    } else {
                        Ok(Some(*user))
                    }
                }
                Some(_) => Err(Judged::Stale(SHARED.into())),
            },
        })
    }

    fn judge_membership(&self, step: &Step) -> Result<Judged> {
        let user = match self.listed_person(step)? {
            Ok(user) => user,
            Err(judged) => return Ok(judged),
        };
        let name = step::group_name(step)?;
        let unread = match (&step.user, user) {
            (Some(id), None) => Some(id.clone()),
            _ => None,
        };
        let group = match &step.group {
            Some(id) => match self.groups.find(&GroupRef::Id(id.clone())) {
                Ok(Some(group)) if group.name.trim() == name.trim() => group,
                Ok(Some(_)) => {
                    return Ok(Judged::Stale("The group has another name now.".into()));
                }
                Ok(None) => return Ok(Judged::Stale("The group is gone.".into())),
                Err(error) if error.code == Code::GroupNotFound => {
                    return Ok(Judged::Stale("The group is gone.".into()));
                }
                Err(error) => return Err(error),
            },
            None => match self.groups.find(&GroupRef::Name(name.to_string()))? {
                Some(group) => group,
                None if self.new_groups.contains(name) => {
                    return Ok(unread.map_or(Judged::Apply, |id| Judged::Read(id, None)));
                }
                None => return Ok(not_begun("group", name)),
            },
        };
        if step.kind == StepKind::ChangeMember && user.is_none() {
            return Ok(Judged::Apply);
        }
        let Some(user) = user else {
            return Ok(unread.map_or(Judged::Apply, |id| Judged::Read(id, Some(group.link()))));
        };
        let Some(groups) = &user.groups else {
            return Ok(Judged::Read(user.id.clone(), Some(group.link())));
        };
        let own = groups.iter().find(|link| link.id == group.id);
        let is_in = own.is_some();
        let differs = own.is_some_and(|own| {
            step.group_admin.is_some_and(|wanted| own.group_admin.is_some_and(|is| is != wanted))
        });
        Ok(match step.kind {
            StepKind::ChangeMember if !is_in => Judged::Stale(step::NOT_A_MEMBER.into()),
            // Applying it looks at who administers the group.
            StepKind::ChangeMember => Judged::Apply,
            StepKind::AddMember if differs => Judged::Stale(step::IN_OTHERWISE.into()),
            StepKind::AddMember if is_in => Judged::Holds,
            StepKind::RemoveMember if !is_in && self.can.groups_may_lack_members => {
                Judged::AskGroup(user.id.clone(), group.link())
            }
            StepKind::RemoveMember if !is_in => Judged::Holds,
            _ => Judged::Apply,
        })
    }
}

const GONE: &str = "The account is gone.";
const RENAMED: &str = "The account has another address now.";
const SHARED: &str = "Several users have this address.";

fn not_begun(what: &str, name: &str) -> Judged {
    Judged::NotBegun(format!(
        "The {what} {name} does not exist: the step that creates it comes before this slice and was \
         not applied, or it was removed since. Apply the plan from its first step, or plan again."
    ))
}

#[cfg(test)]
mod tests;
