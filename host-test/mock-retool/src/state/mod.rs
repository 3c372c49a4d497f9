//! One in-memory organisation: users, groups and memberships. It does not depend on the dialects
//! and does no I/O. The dialects read and change it through [`Organisation`].

mod attributes;
mod clock;
mod group;
mod invite;
mod members;
mod seed;
mod user;

use serde::Serialize;

use crate::options::DisabledUsers;
pub use attributes::UserAttribute;
use clock::Clock;
pub use group::{ADMIN, Access, EDITOR, Group, VIEWER};
pub use invite::Invite;
pub use user::{Member, Membership, User, same_email};

/// Too large for the exact integers of a 32-bit float, so that a client that stores it as one is
/// noticed.
const FIRST_LEGACY_ID: u64 = 16_777_217;

/// Why the organisation refused a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another user has the address.
    EmailTaken,
    /// There is a pending invitation for the address.
    AlreadyInvited,
    /// The user is disabled already.
    AlreadyDisabled,
    /// There is no such user.
    NoSuchUser,
    /// There is no such group.
    NoSuchGroup,
    /// There is no such invitation.
    NoSuchInvite,
    /// The invitation was claimed or has expired.
    InviteClosed,
    /// There is no such user attribute.
    NoSuchAttribute,
    /// The value is not of the attribute's type.
    WrongValue,
    /// The user is not in the group, or the invitation is not for it.
    NotAMember,
    /// A built-in group can't be renamed or deleted.
    BuiltIn,
    /// The members of the `admin` group are derived from [`User::is_admin`], and can't be written
    /// unless [`Organisation::admin_group_writable`].
    Managed,
}

/// An organisation.
///
/// The methods keep it consistent and advance its clock, as the server does for a request. The
/// fields can be set directly, to create a state that requests can't create.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Organisation {
    /// The users, in listing order.
    pub users: Vec<User>,
    /// The groups, in listing order; the built-in ones come first.
    pub groups: Vec<Group>,
    /// The addresses that invitations were sent to, one entry per mail.
    pub invitations: Vec<String>,
    /// The invitations that were created and not deleted, in listing order.
    pub invites: Vec<Invite>,
    /// The ids of the users whose sessions were ended, one entry per time.
    pub ended_sessions: Vec<String>,
    /// The user attributes that the organisation defines.
    pub attributes: Vec<UserAttribute>,
    /// The ids of the users whose second factor was reset, one entry per time.
    pub two_factor_resets: Vec<String>,
    /// Whether the members of the `admin` group can be written, which changes
    /// [`User::is_admin`], and whether the group can be deleted.
    #[serde(skip)]
    pub admin_group_writable: bool,
    /// Disabled users that no request shows, on a server that hides them. Their addresses are
    /// taken.
    pub hidden: Vec<User>,
    #[serde(skip)]
    clock: Clock,
    #[serde(skip)]
    ids: fastrand::Rng,
    #[serde(skip)]
    next_group_id: u32,
    #[serde(skip)]
    next_legacy_id: u64,
    #[serde(skip)]
    next_invite_id: u64,
    #[serde(skip)]
    frozen_dates: bool,
}

impl Organisation {
    /// Creates an organisation without users, with the three built-in groups. Ids are generated
    /// from `seed`.
    pub fn empty(seed: u64) -> Self {
        let mut organisation =
            Organisation { ids: fastrand::Rng::with_seed(seed), ..Organisation::vacant() };
        for group in group::built_in() {
            let created = organisation.create_group(group);
            debug_assert!(created.is_built_in());
        }
        organisation
    }

    /// Creates an organisation without anything, not even the built-in groups.
    pub(crate) fn vacant() -> Self {
        Organisation {
            users: Vec::new(),
            groups: Vec::new(),
            invitations: Vec::new(),
            invites: Vec::new(),
            ended_sessions: Vec::new(),
            attributes: Vec::new(),
            two_factor_resets: Vec::new(),
            admin_group_writable: false,
            hidden: Vec::new(),
            clock: Clock::default(),
            ids: fastrand::Rng::with_seed(0),
            next_group_id: 1,
            next_legacy_id: FIRST_LEGACY_ID,
            next_invite_id: 1,
            frozen_dates: false,
        }
    }

    /// Creates an organisation with `users` users, and with `groups` groups besides the built-in
    /// ones. The same arguments give the same organisation.
    pub fn seeded(seed: u64, users: usize, groups: usize) -> Self {
        seed::organisation(seed, users, groups)
    }

    /// Returns the organisation's time, e.g. `2026-01-05T09:00:00.000Z`. It starts at this time and
    /// advances by a second with every change.
    pub fn now(&self) -> String {
        self.clock.now()
    }

    /// Advances the time.
    pub fn advance(&mut self, by: std::time::Duration) {
        self.clock.advance(by);
    }

    /// Finds the user with this id.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Finds the user with this id, to change it.
    pub fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    /// Finds the user with this [`User::sid`].
    pub fn user_by_sid(&self, sid: &str) -> Option<&User> {
        self.users.iter().find(|user| user.has_sid(sid))
    }

    /// Finds the first user with this address, compared without case.
    pub fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| same_email(&user.email, email))
    }

    /// Finds the first user with this address, compared without case, to change it.
    pub fn user_by_email_mut(&mut self, email: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| same_email(&user.email, email))
    }

    /// Adds a user and sends an invitation. The ids and timestamps of the draft are replaced; its
    /// memberships are kept.
    pub fn create_user(&mut self, draft: User) -> Result<&User, Refused> {
        if self.is_taken(&draft.email) {
            return Err(Refused::EmailTaken);
        }
        self.create_another_user(draft)
    }

    /// Like [`Organisation::create_user`], but also if another user has the address.
    pub fn create_another_user(&mut self, draft: User) -> Result<&User, Refused> {
        self.check_joinable(&draft.memberships)?;
        self.invitations.push(draft.email.clone());
        Ok(self.insert_user(draft))
    }

    /// Like [`Organisation::create_user`], but without an invitation.
    pub fn add_user(&mut self, draft: User) -> Result<&User, Refused> {
        if self.is_taken(&draft.email) {
            return Err(Refused::EmailTaken);
        }
        self.add_another_user(draft)
    }

    /// Like [`Organisation::add_user`], but also if another user has the address.
    pub fn add_another_user(&mut self, draft: User) -> Result<&User, Refused> {
        self.check_joinable(&draft.memberships)?;
        Ok(self.insert_user(draft))
    }

    /// Replaces a user's fields with the draft's. Ids, memberships and creation time stay. The
    /// fields that only other dialects show stay too: metadata, seat, second factor, last activity,
    /// and [`User::scim`], except that the mail follows the address.
    pub fn replace_user(&mut self, id: &str, draft: User) -> Result<&User, Refused> {
        let user = self.user(id).ok_or(Refused::NoSuchUser)?;
        let draft = User {
            seat_type: user.seat_type.clone(),
            two_factor_auth_enabled: user.two_factor_auth_enabled,
            metadata: user.metadata.clone(),
            last_active: user.last_active.clone(),
            scim: user.scim_with_address(&draft.email),
            ..draft
        };
        self.update_user(id, draft)
    }

    /// Replaces a user's fields with the draft's. Ids, memberships and creation time stay.
    pub fn update_user(&mut self, id: &str, draft: User) -> Result<&User, Refused> {
        let Some(at) = self.users.iter().position(|user| user.id == id) else {
            return Err(Refused::NoSuchUser);
        };
        // Any number of users may have no address.
        let has_it = |user: &User| user.id != id && same_email(&user.email, &draft.email);
        let is_moved = !same_email(&self.users[at].email, &draft.email);
        let is_taken = self.users.iter().any(has_it) || is_moved && self.hidden.iter().any(has_it);
        if !draft.email.is_empty() && is_taken {
            return Err(Refused::EmailTaken);
        }
        let now = self.clock.tick();
        let user = &mut self.users[at];
        let updated_at = if self.frozen_dates { user.updated_at.clone() } else { now };
        *user = User {
            id: std::mem::take(&mut user.id),
            legacy_id: user.legacy_id,
            memberships: std::mem::take(&mut user.memberships),
            created_at: std::mem::take(&mut user.created_at),
            updated_at,
            ..draft
        };
        Ok(user)
    }

    /// Disables a user. Memberships and everything else stay.
    pub fn disable_user(&mut self, id: &str) -> Result<(), Refused> {
        let user = self.user(id).ok_or(Refused::NoSuchUser)?;
        if user.is_disabled {
            return Err(Refused::AlreadyDisabled);
        }
        self.update_user(id, User { is_disabled: true, ..user.clone() })?;
        Ok(())
    }

    /// Ends the sessions of a user. This is only recorded in [`Organisation::ended_sessions`].
    pub fn end_sessions(&mut self, id: &str) -> Result<(), Refused> {
        let id = self.user(id).ok_or(Refused::NoSuchUser)?.id.clone();
        self.ended_sessions.push(id);
        Ok(())
    }

    /// Deletes a user permanently, with the memberships.
    pub fn delete_user(&mut self, id: &str) -> Result<(), Refused> {
        let before = self.users.len();
        self.users.retain(|user| user.id != id);
        if self.users.len() == before {
            return Err(Refused::NoSuchUser);
        }
        self.clock.tick();
        Ok(())
    }

    /// Hides or deletes the users who are disabled, as this kind of server does.
    pub fn remove_disabled(&mut self, as_the_server: DisabledUsers) {
        if as_the_server == DisabledUsers::Shown {
            return;
        }
        let (mut disabled, shown): (Vec<User>, Vec<User>) =
            std::mem::take(&mut self.users).into_iter().partition(|user| user.is_disabled);
        self.users = shown;
        if as_the_server == DisabledUsers::Hidden {
            self.hidden.append(&mut disabled);
        }
    }

    /// Sets whether changes of users leave the time of the last change as it is.
    pub(crate) fn freeze_dates(&mut self, frozen: bool) {
        self.frozen_dates = frozen;
    }

    /// Whether a user has this address, compared without case. Hidden users have theirs too.
    fn is_taken(&self, email: &str) -> bool {
        self.users.iter().chain(&self.hidden).any(|user| same_email(&user.email, email))
    }

    /// Finds the group with this id.
    pub fn group(&self, id: u32) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Finds the group with this id, to change it.
    pub fn group_mut(&mut self, id: u32) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| group.id == id)
    }

    /// Finds the first group with this name.
    pub fn group_named(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// Adds a group. Names need not be unique. The id and the timestamps of the draft are replaced.
    pub fn create_group(&mut self, draft: Group) -> &Group {
        let now = self.clock.tick();
        let id = self.next_group_id;
        self.next_group_id += 1;
        self.groups.push(Group { id, created_at: now.clone(), updated_at: now, ..draft });
        &self.groups[self.groups.len() - 1]
    }

    /// Replaces a group's fields with the draft's. Id, members, creation time, [`Group::access`]
    /// and [`Group::scim`] stay.
    pub fn replace_group(&mut self, id: u32, draft: Group) -> Result<&Group, Refused> {
        let group = self.group(id).ok_or(Refused::NoSuchGroup)?;
        let draft = Group { access: group.access.clone(), scim: group.scim.clone(), ..draft };
        self.update_group(id, draft)
    }

    /// Replaces a group's fields with the draft's. Id, members and creation time stay.
    pub fn update_group(&mut self, id: u32, draft: Group) -> Result<&Group, Refused> {
        let Some(at) = self.groups.iter().position(|group| group.id == id) else {
            return Err(Refused::NoSuchGroup);
        };
        if self.groups[at].is_built_in() && self.groups[at].name != draft.name {
            return Err(Refused::BuiltIn);
        }
        let updated_at = self.clock.tick();
        let group = &mut self.groups[at];
        *group =
            Group { id, created_at: std::mem::take(&mut group.created_at), updated_at, ..draft };
        Ok(group)
    }

    /// Deletes a group permanently. Its members stay in the organisation.
    pub fn delete_group(&mut self, id: u32) -> Result<(), Refused> {
        let group = self.group(id).ok_or(Refused::NoSuchGroup)?;
        if group.is_built_in() && !(id == ADMIN && self.admin_group_writable) {
            return Err(Refused::BuiltIn);
        }
        self.groups.retain(|group| group.id != id);
        for user in &mut self.users {
            user.clear_membership(id);
        }
        for invite in &mut self.invites {
            invite.groups.retain(|group| *group != id);
        }
        self.clock.tick();
        Ok(())
    }

    fn insert_user(&mut self, draft: User) -> &User {
        let now = self.clock.tick();
        let id = self.draw_uuid();
        let mut memberships = draft.memberships;
        memberships.sort_by_key(|membership| membership.group);
        memberships.dedup_by_key(|membership| membership.group);
        let legacy_id = self.next_legacy_id;
        self.next_legacy_id += 1;
        self.users.push(User {
            id,
            legacy_id,
            memberships,
            created_at: now.clone(),
            updated_at: now,
            ..draft
        });
        &self.users[self.users.len() - 1]
    }

    fn draw_uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.ids.u128(..).to_be_bytes()).into_uuid().to_string()
    }

    fn touch_group(&mut self, id: u32) {
        let now = self.clock.tick();
        if let Some(group) = self.group_mut(id) {
            group.updated_at = now;
        }
    }
}
