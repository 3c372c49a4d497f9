//! The organisation before and after a plan, for the guards. Both are states: it does not matter
//! which kinds of steps lead from one to the other.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Snapshot, Step, StepKind};
use crate::domain::{Email, Field, GroupId, GroupLink, User, UserId};
use crate::sort;

/// The state of one user, before or after the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Whether there is an account or an open invitation.
    pub exists: bool,
    /// Whether there is an account that can log in. An invitation is not an account.
    pub enabled: bool,
    /// Whether the user has an administrator's rights, enabled or not.
    pub admin: bool,
}

impl State {
    /// Returns whether this is an administrator who can log in.
    pub fn is_enabled_admin(self) -> bool {
        self.enabled && self.admin
    }
}

/// What steps change about one user.
#[derive(Debug, Default)]
pub struct Change<'a> {
    disabled: Option<bool>,
    deleted: bool,
    /// Whether the user is invited, so that there is no account yet.
    invited: bool,
    admin: Option<bool>,
    /// The address that the user gets.
    pub renamed: Option<&'a Email>,
    /// Whether a field other than `disabled` changes.
    pub updated: bool,
    /// The existing groups that the user joins.
    pub joined: Vec<&'a GroupId>,
    /// The groups that the user administers no longer, and stays in.
    pub demoted: Vec<&'a GroupId>,
    /// The groups that the user leaves.
    pub left: Vec<&'a GroupId>,
}

impl<'a> Change<'a> {
    fn apply(&mut self, step: &'a Step) {
        for change in &step.changes {
            if change.field == Field::Disabled.as_str() {
                self.disabled = Some(change.after.as_deref() == Some("true"));
                continue;
            }
            self.updated = true;
            if change.field == Field::Admin.as_str() {
                self.admin = Some(change.after.as_deref() == Some("true"));
            }
        }
        match step.kind {
            StepKind::RenameUser => self.renamed = step.email.as_ref(),
            StepKind::EnableUser => self.disabled = Some(false),
            StepKind::DisableUser => self.disabled = Some(true),
            StepKind::DeleteUser | StepKind::CancelInvitation => self.deleted = true,
            StepKind::InviteUser => self.invited = true,
            // A group that the plan creates has no id. Nobody has granted it anything yet.
            StepKind::AddMember => self.joined.extend(&step.group),
            StepKind::ChangeMember if step.group_admin == Some(false) => {
                self.demoted.extend(&step.group);
            }
            StepKind::RemoveMember => self.left.extend(&step.group),
            StepKind::CreateGroup
            | StepKind::CreateUser
            | StepKind::UpdateUser
            | StepKind::ChangeAttributes
            | StepKind::ChangeMember => {}
        }
    }
}

/// An organisation, and what steps change about it.
pub struct Model<'a> {
    /// The organisation before.
    pub snapshot: &'a Snapshot,
    /// Whether creating a user sends an invitation, so that there is no account yet.
    create_invites: bool,
    /// Whether deleting an account only disables it.
    deletes_disable: bool,
    /// Whether a deletion may leave a disabled account as it is.
    deletion_may_disable: bool,
    /// The built-in groups of administrators, sorted.
    admin_groups: Vec<&'a GroupId>,
    /// The changes of existing users.
    changes: BTreeMap<&'a UserId, Change<'a>>,
    /// The users that the plan creates.
    created: BTreeMap<&'a Email, Change<'a>>,
}

impl<'a> Model<'a> {
    /// Applies steps to a snapshot.
    pub fn new(snapshot: &'a Snapshot, steps: &'a [Step]) -> Self {
        let mut model = Model {
            snapshot,
            create_invites: snapshot.dialect.capabilities().create_invites,
            deletes_disable: !snapshot.dialect.capabilities().deletes_people,
            deletion_may_disable: snapshot.dialect.capabilities().deletion_may_disable,
            admin_groups: admin_groups(snapshot),
            changes: BTreeMap::new(),
            created: BTreeMap::new(),
        };
        for step in steps {
            match (&step.user, &step.email) {
                (Some(id), _) => model.changes.entry(id).or_default().apply(step),
                (None, Some(email)) => model.created.entry(email).or_default().apply(step),
                (None, None) => {}
            }
        }
        model
    }

    /// Returns what the steps change about an existing user.
    pub fn change(&self, user: &User) -> Option<&Change<'a>> {
        self.changes.get(&user.id)
    }

    /// Returns a user with the address that they have after the plan, if it is another one.
    pub fn renamed(&self, user: &User) -> Option<User> {
        let email = self.change(user)?.renamed?;
        Some(User { email: email.clone(), ..user.clone() })
    }

    /// Iterates over the users that the plan creates, with their state afterwards.
    pub fn created(&self) -> impl Iterator<Item = (&'a Email, &Change<'a>, State)> {
        self.created.iter().map(|(email, change)| {
            let admin = change.admin == Some(true) || self.any_admins(&change.joined);
            (
                *email,
                change,
                State { exists: true, enabled: !self.create_invites && !change.invited, admin },
            )
        })
    }

    /// Returns a user's state before the plan.
    pub fn before(&self, user: &User) -> State {
        let groups = user.groups.iter().flatten();
        State {
            exists: true,
            enabled: !user.disabled && !user.is_invitation(),
            admin: user.admin || groups.clone().any(|link| self.is_admins(link)),
        }
    }

    /// Returns a user's state after the plan.
    pub fn after(&self, user: &User) -> State {
        let before = self.before(user);
        let Some(change) = self.change(user) else { return before };
        if change.deleted && (user.is_invitation() || !self.deletes_disable) {
            return State::default();
        }
        let enabled = match change.disabled {
            _ if change.deleted => false,
            Some(disabled) => !disabled && !user.is_invitation(),
            None => before.enabled,
        };
        // Either road out counts: on some servers the field follows from the group.
        let admin = match (change.admin, self.any_admins(&change.left)) {
            (Some(false), _) | (_, true) => false,
            (Some(true), _) => true,
            (None, _) => before.admin || self.any_admins(&change.joined),
        };
        State { exists: true, enabled, admin }
    }

    /// Returns whether the plan deletes a disabled account that the server may keep. Such deletions
    /// are counted when the plan is applied: a server that keeps the accounts would make them count
    /// every night.
    pub fn may_be_kept(&self, user: &User) -> bool {
        self.deletion_may_disable
            && user.disabled
            && !user.is_invitation()
            && self.change(user).is_some_and(|change| change.deleted)
    }

    /// Counts the users that the plan deletes or disables.
    pub fn absences(&self) -> usize {
        let is_removed = |change: &&Change<'_>| change.deleted || change.disabled == Some(true);
        self.changes.values().filter(is_removed).count()
    }

    /// Returns whether the plan deletes or disables a user, or removes a membership.
    pub fn removes(&self) -> bool {
        self.absences() > 0 || self.changes.values().any(|change| !change.left.is_empty())
    }

    fn is_admins(&self, link: &GroupLink) -> bool {
        link.is_administrators() || self.admin_groups.binary_search(&&link.id).is_ok()
    }

    fn any_admins(&self, groups: &[&GroupId]) -> bool {
        groups.iter().any(|group| self.admin_groups.binary_search(group).is_ok())
    }
}

/// Returns the ids of the built-in groups of administrators. A snapshot without groups has their
/// names only in users' memberships, if at all.
fn admin_groups(snapshot: &Snapshot) -> Vec<&GroupId> {
    let listed = snapshot.groups.iter().filter(|group| group.is_administrators());
    let mut ids: Vec<&GroupId> = listed.map(|group| &group.id).collect();
    if snapshot.groups.is_empty() {
        let links = snapshot.users.iter().flat_map(|user| &user.groups).flatten();
        ids.extend(links.filter(|link| link.is_administrators()).map(|link| &link.id));
    }
    sort::sort(&mut ids);
    ids.dedup();
    ids
}
