//! One organisation in memory: people, groups and who is in what. It knows no dialect and does
//! no I/O; the dialects read and change it through [`Organisation`].

mod clock;
mod group;
mod invite;
mod members;
mod seed;
mod user;

use serde::Serialize;

use clock::Clock;
pub use group::{ADMIN, Access, EDITOR, Group, VIEWER};
pub use invite::Invite;
pub use user::{Member, Membership, User, same_email};

/// Larger than a 32-bit float can hold exactly, so that a client that keeps it in one shows.
const FIRST_LEGACY_ID: u64 = 16_777_217;

/// Why the organisation did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another person has the address.
    EmailTaken,
    /// Somebody with the address is invited already.
    AlreadyInvited,
    /// The person is disabled already.
    AlreadyDisabled,
    /// There is no such person.
    NoSuchUser,
    /// There is no such group.
    NoSuchGroup,
    /// There is no such invitation.
    NoSuchInvite,
    /// The invitation was claimed or has expired.
    InviteClosed,
    /// The person is not in the group, or is not invited to it.
    NotAMember,
    /// A built-in group can't be renamed or deleted.
    BuiltIn,
    /// Who is in the `admin` group follows from who is an administrator.
    Managed,
}

/// An organisation.
///
/// The methods keep it consistent and advance its clock, as the server does for a request. The
/// fields can be set directly, for a state that no request leads to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Organisation {
    /// The people, in the order in which they are listed.
    pub users: Vec<User>,
    /// The groups, in the order in which they are listed; the built-in ones come first.
    pub groups: Vec<Group>,
    /// The addresses that invitations were sent to, one entry per mail.
    pub invitations: Vec<String>,
    /// The invitations to join that were made and not deleted, in the order in which they are
    /// listed.
    pub invites: Vec<Invite>,
    /// The ids of the people whose sessions were ended, one entry each time.
    pub ended_sessions: Vec<String>,
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
}

impl Organisation {
    /// An organisation of nobody, with the three built-in groups. Ids are drawn from `seed`.
    pub fn empty(seed: u64) -> Self {
        let mut organisation =
            Organisation { ids: fastrand::Rng::with_seed(seed), ..Organisation::vacant() };
        for group in group::built_in() {
            let created = organisation.create_group(group);
            debug_assert!(created.is_built_in());
        }
        organisation
    }

    /// An organisation without anything, not even the built-in groups.
    pub(crate) fn vacant() -> Self {
        Organisation {
            users: Vec::new(),
            groups: Vec::new(),
            invitations: Vec::new(),
            invites: Vec::new(),
            ended_sessions: Vec::new(),
            clock: Clock::default(),
            ids: fastrand::Rng::with_seed(0),
            next_group_id: 1,
            next_legacy_id: FIRST_LEGACY_ID,
            next_invite_id: 1,
        }
    }

    /// An organisation of `users` people and `groups` groups beside the built-in ones. The same
    /// arguments give the same organisation.
    pub fn seeded(seed: u64, users: usize, groups: usize) -> Self {
        seed::organisation(seed, users, groups)
    }

    /// The organisation's time, e.g. `2026-01-05T09:00:00.000Z`. It starts there and advances
    /// by a second with every change.
    pub fn now(&self) -> String {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: std::time::Duration) {
        self.clock.advance(by);
    }

    /// The person with this id.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// The person with this id, to be changed.
    pub fn user_mut(&mut self, id: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    /// The person with this [`User::sid`].
    pub fn user_by_sid(&self, sid: &str) -> Option<&User> {
        self.users.iter().find(|user| user.has_sid(sid))
    }

    /// The first person with this address, compared without case.
    pub fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| same_email(&user.email, email))
    }

    /// The first person with this address, compared without case, to be changed.
    pub fn user_by_email_mut(&mut self, email: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| same_email(&user.email, email))
    }

    /// Adds a person and invites them. Of the draft, the ids and the timestamps are replaced,
    /// and the memberships are kept.
    pub fn create_user(&mut self, draft: User) -> Result<&User, Refused> {
        if self.user_by_email(&draft.email).is_some() {
            return Err(Refused::EmailTaken);
        }
        self.create_another_user(draft)
    }

    /// As [`Organisation::create_user`], also where somebody has the address.
    pub fn create_another_user(&mut self, draft: User) -> Result<&User, Refused> {
        self.joinable(&draft.memberships)?;
        self.invitations.push(draft.email.clone());
        Ok(self.enrol(draft))
    }

    /// As [`Organisation::create_user`], without inviting anybody.
    pub fn add_user(&mut self, draft: User) -> Result<&User, Refused> {
        if self.user_by_email(&draft.email).is_some() {
            return Err(Refused::EmailTaken);
        }
        self.add_another_user(draft)
    }

    /// As [`Organisation::add_user`], also where somebody has the address.
    pub fn add_another_user(&mut self, draft: User) -> Result<&User, Refused> {
        self.joinable(&draft.memberships)?;
        Ok(self.enrol(draft))
    }

    /// Replaces a person's fields by the draft's. Ids, memberships and time of creation stay, and
    /// so does what only other dialects show: metadata, seat, second factor, last activity, and
    /// [`User::scim`].
    pub fn replace_user(&mut self, id: &str, draft: User) -> Result<&User, Refused> {
        let user = self.user(id).ok_or(Refused::NoSuchUser)?;
        let draft = User {
            seat_type: user.seat_type.clone(),
            two_factor_auth_enabled: user.two_factor_auth_enabled,
            metadata: user.metadata.clone(),
            last_active: user.last_active.clone(),
            scim: user.scim.clone(),
            ..draft
        };
        self.update_user(id, draft)
    }

    /// Replaces a person's fields by the draft's. Ids, memberships and time of creation stay.
    pub fn update_user(&mut self, id: &str, draft: User) -> Result<&User, Refused> {
        let Some(at) = self.users.iter().position(|user| user.id == id) else {
            return Err(Refused::NoSuchUser);
        };
        let taken =
            self.users.iter().any(|user| user.id != id && same_email(&user.email, &draft.email));
        if taken {
            return Err(Refused::EmailTaken);
        }
        let updated_at = self.clock.tick();
        let user = &mut self.users[at];
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

    /// Bars a person from logging in. Memberships and all else stay.
    pub fn disable_user(&mut self, id: &str) -> Result<(), Refused> {
        let user = self.user(id).ok_or(Refused::NoSuchUser)?;
        if user.is_disabled {
            return Err(Refused::AlreadyDisabled);
        }
        self.update_user(id, User { is_disabled: true, ..user.clone() })?;
        Ok(())
    }

    /// Ends the sessions of a person, which is only noted.
    pub fn end_sessions(&mut self, id: &str) -> Result<(), Refused> {
        let id = self.user(id).ok_or(Refused::NoSuchUser)?.id.clone();
        self.ended_sessions.push(id);
        Ok(())
    }

    /// Deletes a person for good, memberships and all.
    pub fn delete_user(&mut self, id: &str) -> Result<(), Refused> {
        let before = self.users.len();
        self.users.retain(|user| user.id != id);
        if self.users.len() == before {
            return Err(Refused::NoSuchUser);
        }
        self.clock.tick();
        Ok(())
    }

    /// The group with this id.
    pub fn group(&self, id: u32) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The group with this id, to be changed.
    pub fn group_mut(&mut self, id: u32) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| group.id == id)
    }

    /// The first group of this name.
    pub fn group_named(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// Adds a group. Names need not be unique. Of the draft, the id and the timestamps are
    /// replaced.
    pub fn create_group(&mut self, draft: Group) -> &Group {
        let now = self.clock.tick();
        let id = self.next_group_id;
        self.next_group_id += 1;
        self.groups.push(Group { id, created_at: now.clone(), updated_at: now, ..draft });
        &self.groups[self.groups.len() - 1]
    }

    /// Replaces a group's fields by the draft's. Id, members and time of creation stay, and so
    /// do [`Group::access`] and [`Group::scim`].
    pub fn replace_group(&mut self, id: u32, draft: Group) -> Result<&Group, Refused> {
        let group = self.group(id).ok_or(Refused::NoSuchGroup)?;
        let draft = Group { access: group.access.clone(), scim: group.scim.clone(), ..draft };
        self.update_group(id, draft)
    }

    /// Replaces a group's fields by the draft's. Id, members and time of creation stay.
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

    /// Deletes a group for good. Its members stay in the organisation.
    pub fn delete_group(&mut self, id: u32) -> Result<(), Refused> {
        let group = self.group(id).ok_or(Refused::NoSuchGroup)?;
        if group.is_built_in() {
            return Err(Refused::BuiltIn);
        }
        self.groups.retain(|group| group.id != id);
        for user in &mut self.users {
            user.memberships.retain(|membership| membership.group != id);
        }
        for invite in &mut self.invites {
            invite.groups.retain(|group| *group != id);
        }
        self.clock.tick();
        Ok(())
    }

    fn enrol(&mut self, draft: User) -> &User {
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
